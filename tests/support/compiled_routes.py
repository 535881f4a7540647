"""Each test's application has the same routes; compiling their addresses is slow, so they share it."""

from werkzeug.routing import Rule


def compile_routes_once() -> None:
    """From now on, an address that was compiled for one application is compiled for all."""
    compile_rule, compiled = Rule.compile, {}

    def compile_once(rule: Rule) -> None:
        key = rule.rule, rule.subdomain, rule.host, str(rule.defaults), rule.merge_slashes
        if key not in compiled:
            compile_rule(rule)
            compiled[key] = rule
            return
        like = compiled[key]
        rule._parts, rule._trace, rule._converters = like._parts, like._trace, like._converters
        rule.arguments |= like.arguments
        rule._build = like._build.__func__.__get__(rule)
        rule._build_unknown = like._build_unknown.__func__.__get__(rule)

    Rule.compile = compile_once
