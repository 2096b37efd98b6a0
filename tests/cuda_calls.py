"""Calls of CuPy and nvmath-python in our sources, and the signatures that the installed packages
give: by inspection, or from the first line of a compiled function's text.
"""

import ast
import importlib
import inspect
import re

# what a name of our sources stands for, by the way it is written
ROOTS = {
    "cupy": "cupy",
    "xp": "cupy",
    "self.xp": "cupy",
    "ops.xp": "cupy",
    "cuda": "cupy.cuda",
    "runtime": "cupy.cuda.runtime",
    "self.stream": "cupy.cuda.Stream",
    "ops.stream": "cupy.cuda.Stream",
    "graph": "cupy.cuda.Graph",
    "first": "cupy.cuda.Event",
    "last": "cupy.cuda.Event",
    "draw": "cupy.random.RandomState",
    "module": "cupy.RawModule",
    "self.kernels[]": "cupy.RawKernel.__call__",
    "cublas": "nvmath.bindings.cublas",
    "self.cublas": "nvmath.bindings.cublas",
    "ops.cublas": "nvmath.bindings.cublas",
    "operation": "nvmath.bindings.cublas.Operation",
    "cublasLt": "nvmath.bindings.cublasLt",
    "names": "nvmath.bindings.cublasLt.MatmulDescAttribute",
    "preferred": "nvmath.bindings.cublasLt.MatmulPreferenceAttribute",
}
RETURNED = {
    "self.xp.get_default_memory_pool()": "cupy.cuda.MemoryPool",
    "self.xp.cuda.Device()": "cupy.cuda.Device",
    "ops.xp.cuda.Device()": "cupy.cuda.Device",
    "cupy.cuda.Device()": "cupy.cuda.Device",
}
OF_ARRAYS = {"astype", "reshape", "swapaxes", "transpose", "max", "sum", "get"}


def written(node):
    """An expression as ROOTS and RETURNED write it; None for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (of := written(node.value)):
        return f"{of}.{node.attr}"
    if isinstance(node, ast.Subscript) and (of := written(node.value)):
        return f"{of}[]"
    if isinstance(node, ast.Call) and (of := written(node.func)):
        return f"{of}()"
    return None


def path_of(text):
    """The packages' own name of what is written, or None."""
    known = [r for r in ROOTS | RETURNED if text == r or text.startswith(f"{r}.")]
    if not known:
        return None
    root = max(known, key=len)
    path = (ROOTS | RETURNED)[root] + text[len(root) :]
    return None if "(" in path or "[" in path else path


def found(path):
    """The object of a path, None for an attribute that only a class's text tells. Raises
    AttributeError that names what is not there.
    """
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            told_of = inspect.isclass(thing) and f".{part} (" in (thing.__doc__ or "")
            thing = getattr(thing, part, None) if told_of else getattr(thing, part)
        return thing
    raise AttributeError(path)


def signature(thing):
    """A signature of what inspect reads or of what the first line of the text says."""
    try:
        return inspect.signature(thing)
    except (TypeError, ValueError):
        return told(inspect.getdoc(thing) or "")


def told(text):
    """The signature that a line such as `launch(self, intptr_t stream=None) -> int` tells; None
    where there is none.
    """
    line = re.match(r"[\w.]+\((.*)\)", text.split("\n")[0])
    if line is None:
        return None
    kinds, kind, parts = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD, []
    for one in re.split(r",\s*(?![^()\[\]]*[)\]])", line.group(1)):
        name, _, default = one.replace("\\", "").strip().partition("=")
        if name == "/":
            parts = [p.replace(kind=kinds.POSITIONAL_ONLY) for p in parts]
        elif name == "*":
            kind = kinds.KEYWORD_ONLY
        elif name.startswith("**"):
            parts.append(kinds(name[2:], kinds.VAR_KEYWORD))
        elif name.startswith("*"):
            parts.append(kinds(name[1:], kinds.VAR_POSITIONAL))
            kind = kinds.KEYWORD_ONLY
        elif name:
            parts.append(kinds(name.split()[-1], kind, default=default or kinds.empty))
    return inspect.Signature(parts)


def holds_self(thing, path):
    """Whether the signature's first parameter is the object that the call is made on."""
    first = next(iter(signature(thing).parameters), None)
    return first == "self" and not inspect.isclass(thing) and path.count(".") > 1


def faults(source):
    """What the calls and names of a source do not find in the packages, and how many were held
    against them.
    """
    wrong, count = [], 0
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and (text := written(node)) and (path := path_of(text)):
            count += 1
            try:
                found(path)
            except AttributeError:
                wrong.append(f"line {node.lineno}: {path} is not there")
        if not isinstance(node, ast.Call):
            continue
        text = written(node.func)
        path = path_of(text) if text else None
        if path is None and isinstance(node.func, ast.Attribute) and node.func.attr in OF_ARRAYS:
            path = f"cupy.ndarray.{node.func.attr}"
        if path is None:
            continue
        count += 1
        problem = fault(path, node)
        if problem:
            wrong.append(f"line {node.lineno}: {path}: {problem}")
    return wrong, count


def fault(path, call):
    """Why a call does not fit, or None."""
    try:
        thing = found(path)
    except AttributeError:
        return "is not there"
    known = signature(thing)
    if known is None:
        return "tells no signature"
    given = [a for a in call.args if not isinstance(a, ast.Starred)]
    named = {k.arg: k.value for k in call.keywords if k.arg is not None}
    of = [None] if holds_self(thing, path) else []
    whole = len(given) == len(call.args) and len(named) == len(call.keywords)
    try:
        (known.bind if whole else known.bind_partial)(*of, *given, **named)
    except TypeError as error:
        return str(error)
    return None
