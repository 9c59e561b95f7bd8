"""Bank formats as data: payment files out, return files in. Knows formats, not students."""
