"""Where the service's events go, a file a backend, and `FanOut` before them."""
