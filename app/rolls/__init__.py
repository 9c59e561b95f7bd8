"""School rolls (学籍花名册): a city's, a county's or a school's pupils, handed in as one file."""
