"""The morning brief: one page of a heating day for the management, made from the published marts."""
