"""Hearth: room temperatures, complaints and renewal logs of a district-heating company become its season KPIs."""
