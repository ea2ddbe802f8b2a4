"""What templates may say of the directory: ``{% load directory %}``."""
