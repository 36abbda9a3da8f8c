select path from ledger.reading_file
union all
select path from ledger.merged_file
