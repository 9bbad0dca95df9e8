"""The data format of the JSON API: requests, answers, and the field types they share."""
