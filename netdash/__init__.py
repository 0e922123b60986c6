"""netdash."""
