"""What a battery should do next: prices, sun and consumption by time, and the cheapest way through them. Nothing here is sent anywhere."""
