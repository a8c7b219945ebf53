"""What makes the documentation: generated pages, manual pages, the recording, and the rules of the site."""
