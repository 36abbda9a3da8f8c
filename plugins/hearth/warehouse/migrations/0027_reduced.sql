-- Hours and days that readings are reduced to, and those of a change that is only tried.
create schema if not exists reduced;
create schema if not exists impact_reduced;
