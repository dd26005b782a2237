"""What any strategy's orders meet: arrival, the fill rule, depth, and the exchange that applies them."""
