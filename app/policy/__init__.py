"""Policy as data: programmes, facts, the checker, the engine and its explanation."""
