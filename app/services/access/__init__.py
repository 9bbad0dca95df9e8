"""Who is acting, with which facts, and what the gate decides."""
