"""Arrays -> arrays: null models, tests, tails, transforms. No files, no ids, no pandas."""
