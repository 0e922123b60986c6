"""The real server and a real Chromium. Nothing here stands in for anything."""
