"""What only a GPU can show: bench/gpu/run does all of it, and keeps what it found as JSON."""
