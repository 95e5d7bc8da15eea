"""The project's own tools: rules that the linters cannot say, the suites, the generated pages."""
