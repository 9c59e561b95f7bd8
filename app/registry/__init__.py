"""Schools, students and what is known of them."""
