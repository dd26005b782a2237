"""How an instance of Dagster is set up: storage and launcher. What rests on private parts of Dagster stands here."""
