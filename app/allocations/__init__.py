"""What schools are paid by head count (免补资金、公用经费), with the students behind it."""
