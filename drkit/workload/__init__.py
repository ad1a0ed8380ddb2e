"""The system as it is today: its model, its file, its commitments and what is checked about it."""
