"""What templates may say: one library, ``{% load tansiq %}``."""
