"""Routines as LLVM instructions: a translation of the little of Python that they are written in.

Statements: assignments to a name, which keeps its type, and to an element of an array; `if`, `for`
over `range`, `return` without a value. Expressions: numbers and the module's constants, elements,
+ − × ÷ of floats, + − × of whole numbers, single comparisons, `and`, `or`, `not`, `x if c else y`,
`abs`. All parts of `and`, `or` and of a choice are computed. A division by zero gives what IEEE 754
says, where Python stops.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import reduce
from typing import Any

import llvmlite.ir as ir

from .vectors import DOUBLE, INDEX

TYPES = {"int": INDEX, "float": DOUBLE, "Array": ir.PointerType(DOUBLE)}
COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
FLOATS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
WHOLES = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}


def constants(text: str, names: Mapping[str, Any]) -> dict[str, int | float]:
    """The numbers of its module that a routine names."""
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    return {name: names[name] for name in used if isinstance(names.get(name), (int, float))}


def assembly(text: str, kinds: Mapping[str, str], numbers: Mapping[str, int | float]) -> str:
    """LLVM assembly of a routine. kinds: of its arguments, by name. numbers: its constants."""
    definition = ast.parse(text).body[0]
    module = ir.Module(definition.name)
    types = [TYPES[kind] for kind in kinds.values()]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), types), definition.name)
    _Translation(function, list(kinds), numbers).write(definition.body)
    return str(module)


class _Translation:
    """Writes the instructions of one function. Names are places in memory; LLVM puts them into
    registers.
    """

    def __init__(
        self, function: ir.Function, arguments: list[str], numbers: Mapping[str, int | float]
    ):
        self.b, self.numbers = ir.IRBuilder(function.append_basic_block("begin")), numbers
        self.end = function.append_basic_block("end")
        self.arrays: dict[str, ir.Value] = {}
        self.places: dict[str, ir.Value] = {}
        for name, argument in zip(arguments, function.args, strict=True):
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
                self.arrays[name] = argument
            else:
                self.keep(name, argument)

    def write(self, body: list[ast.stmt]) -> None:
        self.block(body)
        self.go(self.end)
        self.b.position_at_end(self.end)
        self.b.ret_void()

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            getattr(self, f"write_{type(statement).__name__.lower()}")(statement)

    def go(self, where: ir.Block) -> None:
        """Go on elsewhere, unless the function has returned."""
        if not self.b.block.is_terminated:
            self.b.branch(where)

    def keep(self, name: str, value: ir.Value) -> None:
        if name not in self.places:
            with self.b.goto_entry_block():
                self.places[name] = self.b.alloca(value.type)
        self.b.store(value, self.places[name])

    def element(self, node: ast.Subscript) -> ir.Value:
        return self.b.gep(self.arrays[node.value.id], [self.value(node.slice)])

    def write_expr(self, node: ast.Expr) -> None:
        """The description, or nothing else."""
        ast.literal_eval(node.value)

    def write_return(self, _: ast.Return) -> None:
        self.b.branch(self.end)

    def write_assign(self, node: ast.Assign) -> None:
        (target,), value = node.targets, self.value(node.value)
        if isinstance(target, ast.Name):
            self.keep(target.id, value)
        else:
            self.b.store(value, self.element(target))

    def write_if(self, node: ast.If) -> None:
        blocks = [self.b.append_basic_block(name) for name in ("then", "otherwise", "after")]
        self.b.cbranch(self.value(node.test), *blocks[:2])
        for block, body in zip(blocks, (node.body, node.orelse), strict=False):
            self.b.position_at_end(block)
            self.block(body)
            self.go(blocks[2])
        self.b.position_at_end(blocks[2])

    def write_for(self, node: ast.For) -> None:
        *first, last = map(self.value, node.iter.args)
        self.keep(node.target.id, first[0] if first else ir.Constant(INDEX, 0))
        test, turn, after = (self.b.append_basic_block(name) for name in ("test", "turn", "after"))
        self.b.branch(test)
        self.b.position_at_end(test)
        count = self.b.load(self.places[node.target.id])
        self.b.cbranch(self.b.icmp_signed("<", count, last), turn, after)
        self.b.position_at_end(turn)
        self.block(node.body)
        if not self.b.block.is_terminated:
            self.keep(node.target.id, self.b.add(count, ir.Constant(INDEX, 1)))
            self.b.branch(test)
        self.b.position_at_end(after)

    def value(self, node: ast.expr) -> ir.Value:
        return getattr(self, f"value_of_{type(node).__name__.lower()}")(node)

    def value_of_constant(self, node: ast.Constant) -> ir.Value:
        return ir.Constant(INDEX if isinstance(node.value, int) else DOUBLE, node.value)

    def value_of_name(self, node: ast.Name) -> ir.Value:
        if node.id in self.numbers:
            return self.value_of_constant(ast.Constant(self.numbers[node.id]))
        return self.b.load(self.places[node.id])

    def value_of_subscript(self, node: ast.Subscript) -> ir.Value:
        return self.b.load(self.element(node))

    def value_of_binop(self, node: ast.BinOp) -> ir.Value:
        left, right = self.value(node.left), self.value(node.right)
        names = FLOATS if left.type == DOUBLE else WHOLES
        return getattr(self.b, names[type(node.op)])(left, right)

    def value_of_unaryop(self, node: ast.UnaryOp) -> ir.Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return self.b.not_(value)
        return self.b.fneg(value) if value.type == DOUBLE else self.b.neg(value)

    def value_of_compare(self, node: ast.Compare) -> ir.Value:
        left, right = self.value(node.left), self.value(node.comparators[0])
        sign = COMPARE[type(node.ops[0])]
        if left.type == INDEX:
            return self.b.icmp_signed(sign, left, right)
        compare = self.b.fcmp_unordered if sign == "!=" else self.b.fcmp_ordered
        return compare(sign, left, right)

    def value_of_boolop(self, node: ast.BoolOp) -> ir.Value:
        join = self.b.and_ if isinstance(node.op, ast.And) else self.b.or_
        return reduce(join, map(self.value, node.values))

    def value_of_ifexp(self, node: ast.IfExp) -> ir.Value:
        return self.b.select(*map(self.value, (node.test, node.body, node.orelse)))

    def value_of_call(self, node: ast.Call) -> ir.Value:
        if node.func.id != "abs":
            raise NotImplementedError(f"{node.func.id} in a routine")
        kind = ir.FunctionType(DOUBLE, [DOUBLE])
        absolute = self.b.module.globals.get("llvm.fabs.f64")
        absolute = absolute or ir.Function(self.b.module, kind, "llvm.fabs.f64")
        return self.b.call(absolute, [self.value(node.args[0])])
