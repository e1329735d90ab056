#!/usr/bin/env python3
"""Checks that co_await stands alone, because g++ 12 frees braced aggregates and captures twice that
stand in the same statement:

    co_await f(named);      auto x = co_await f(named);      co_return co_await f(named);

Everything else is a finding. `--self-test` checks the check."""

import re
import sys

import cpp_text

CO_AWAIT = re.compile(r"\bco_await\b")
# What may come before co_await in its statement: nothing, a declaration, an assignment, co_return.
HEAD = re.compile(r"\s*(\(void\)|co_return\s|[\w:<>,&*.\s\[\]>-]*[\w\]]\s*=)?\s*")
CONTROL = re.compile(r"\s*(case\b[^;]*|default|public|private|\w+)\s*:(?!:)")
PAIRS = {"(": ")", "[": "]", "{": "}"}


def openers_at(code, position):
    """The brackets that are open at a position, innermost last."""
    stack = []
    for index in range(position):
        char = code[index]
        if char in PAIRS:
            stack.append(index)
        elif char in PAIRS.values() and stack:
            stack.pop()
    return stack


def statement_head(code, position):
    """What stands before the position in its statement."""
    begin = max(code.rfind(char, 0, position) for char in ";{}") + 1
    head = code[begin:position]
    label = CONTROL.match(head)
    return head[label.end():] if label else head


def problem(code, position):
    stack = openers_at(code, position)
    if stack and code[stack[-1]] != "{":
        return "co_await within brackets"
    if not HEAD.fullmatch(statement_head(code, position)):
        return "co_await does not begin the statement or its right-hand side"
    depth = 0
    for char in code[position:]:
        if char == "{":
            return "a brace in the statement of a co_await"
        if char == ";" and depth == 0:
            return None
        depth += (char in "([") - (char in ")]}")
        if depth < 0:
            break
    return "co_await within braces"


def check(text):
    code = re.sub(r"^[ \t]*#.*$", lambda m: " " * len(m[0]), cpp_text.blank(text), flags=re.M)
    return [
        (cpp_text.line_of(code, match.start()), message)
        for match in CO_AWAIT.finditer(code)
        if (message := problem(code, match.start()))
    ]


def self_test():
    good = [
        "void f() { co_await g(named); }",
        "void f() { if (a) { co_await g(named, a[1], 'x', \"{\"); } }",
        "void f() { auto x = co_await g(std::move(named)); }",
        "void f() { const std::vector<int>& x =\n    co_await g(\n        named\n    ); }",
        "void f() { const auto [a, b] = co_await (g(x) || h(y)); }",
        "void f() { result_.rows[0] = co_await g(x); }",
        "void f() { co_return co_await g(x); }",
        "void f() { (void)co_await g(x); }",
        "void f() { switch (a) { case A: co_await g(x); break; case ns::B:\n co_await g(x); } }",
        "// co_await f({1})\nconst char* s = \"co_await f({1})\";",
        "auto l = [c] { return 1; }; co_await f(l);",
    ]
    bad = [
        "void f() { co_await g({s, 1}); }",
        "void f() { co_await g(Agg{\n    .a = s\n}); }",
        "void f() { auto x = co_await g(Agg{s}); }",
        "void f() { Agg a{s, co_await g()}; }",
        "void f() { Agg a{co_await g()}; }",
        "void f() { co_await g([c](int x) { return x; }); }",
        "void f() { co_return co_await h([c] { return 1; }); }",
        "void f() { m[k] = Agg{s, co_await g()}; }",
        "void f() { v.emplace_back(co_await g()); }",
        "void f() { if (co_await g(x)) { h(); } }",
        "void f() { if (auto x = co_await g(x); x) { h(); } }",
        "void f() { while (!co_await g(x)) { h(); } }",
        "void f() { for (; co_await g(x);) { h(); } }",
        "void f() { co_return 1 + co_await g(x); }",
        "void f() { co_await a(x) + co_await b(y); }",
        "void f() { co_return Agg{co_await g()}; }",
    ]
    cpp_text.self_test(check, good, bad)


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        self_test()
    cpp_text.finish(
        [
            f"{path}:{line}: {message}; see CONTRIBUTING.md"
            for path in cpp_text.sources("src", "tests", "benchmarks")
            for line, message in check((cpp_text.ROOT / path).read_text(encoding="utf-8"))
        ]
    )
