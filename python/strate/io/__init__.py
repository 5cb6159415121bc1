"""Files: named arrays and text in `.safetensors`, plain JSON within limits, atomic replacement."""
