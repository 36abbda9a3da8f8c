"""An auditor's pack: made from the ledger and the marts, and checked without either."""
