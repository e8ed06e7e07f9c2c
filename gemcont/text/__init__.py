"""Text files: their bytes (``files``), fields and numbers (``parse``), columns of ids (``ids``)."""
