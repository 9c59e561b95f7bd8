"""ISO 20022 messages: credit transfers out, the bank's reports on payments and accounts in."""
