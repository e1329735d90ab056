#!/usr/bin/env python3
"""Checks that no function of src/ has a body of more than 40 lines. Reads braces, not C++: good
enough for code that clang-format laid out. `--self-test` checks the check."""

import re
import sys

import cpp_text

MOST_LINES = 40
CONTAINER = re.compile(r"\b(namespace|class|struct|union|extern)\b")
ASSIGNMENT = re.compile(r"(?<![=!<>+*/%&|^-])=(?!=)")


def matching_brace(code, opening):
    depth = 0
    for index in range(opening, len(code)):
        depth += (code[index] == "{") - (code[index] == "}")
        if depth == 0:
            return index
    return len(code) - 1


def name_of(head):
    names = re.findall(r"([\w:~]+|operator\W+)\s*\(", head)
    return names[0] if names else "function"


def without_parentheses(head):
    previous = None
    while head != previous:
        previous, head = head, re.sub(r"\([^()]*\)", "", head)
    return head


def functions(code, begin, end):
    """(opening, closing, name) of every function between two positions of namespace or class scope."""
    head_begin = begin
    position = begin
    while position < end:
        char = code[position]
        if char == ";":
            head_begin = position + 1
        elif char == "{":
            head = code[head_begin:position]
            closing = matching_brace(code, position)
            follows = code[closing + 1 : closing + 200].lstrip()[:1]
            if "(" in head and follows in (",", "{"):
                position = closing + 1  # a member's initialiser, not yet the body
                continue
            bare = without_parentheses(head)
            if CONTAINER.search(bare) and "(" not in re.sub(r"alignas\(\w+\)", "", head):
                yield from functions(code, position + 1, closing)
            elif "(" in head and ("operator" in head or not ASSIGNMENT.search(bare)):
                yield position, closing, name_of(head)
            head_begin = closing + 1
            position = closing
        position += 1


def check(text):
    code = re.sub(r"^[ \t]*#.*$", lambda m: " " * len(m[0]), cpp_text.blank(text), flags=re.M)
    found = []
    for opening, closing, name in functions(code, 0, len(code)):
        lines = code.count("\n", opening, closing) - 1
        if lines > MOST_LINES:
            message = f"{name} has {lines} lines; at most {MOST_LINES}"
            found.append((cpp_text.line_of(code, opening), message))
    return found


def self_test():
    long = "  x();\n" * 41
    short = "  x();\n" * 40
    good = [
        f"void f() {{\n{short}}}\n",
        f"namespace a {{\n{long}}}\n",
        "namespace a {\n" + f"void f() {{\n{short}}}\n\n" * 3 + "}\n",
        f"constexpr T kTable[] = {{\n{long}}};\n",
        f"struct S {{\n{'  int x = f(1);' * 50}\n{long}}};\n",
        f"A::A() : a_{{1}}, b_(2) {{\n{short}}}\n",
    ]
    bad = [
        f"void f() {{\n{long}}}\n",
        f"namespace a {{\nnamespace {{\nint g(int a, int b = 1) const {{\n{long}}}\n}}\n}}\n",
        f"class C {{\n public:\n  void f() {{\n{long}}}\n}};\n",
        f"A::A() : a_{{1}}, b_{{2}} {{\n{long}}}\n",
        f"bool operator==(A a, A b) {{\n{long}}}\n",
        f"auto f(struct T t) -> int {{\n if (a) {{\n{long}}}\n}}\n",
    ]
    cpp_text.self_test(check, good, bad)


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        self_test()
    cpp_text.finish(
        [
            f"{path}:{line}: {message}"
            for path in cpp_text.sources("src")
            for line, message in check((cpp_text.ROOT / path).read_text(encoding="utf-8"))
        ]
    )
