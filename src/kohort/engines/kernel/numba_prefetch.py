"""An instruction that numba has no function for: memory that is read soon is asked for, and nobody waits for it."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_TO_READ, _TO_KEEP, _DATA = 0, 3, 1
"""What `llvm.prefetch` is told (LLVM Language Reference): for reading, into all caches, and of data."""


@intrinsic
def ask_for(_typing: Any, array: Any, _row: Any, _offset: Any) -> Any:
    """Ask for the memory `offset` bytes after the beginning of a row of an array; nothing happens if there is none."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        its = context.make_array(signature.args[0])(context, builder, given[0])
        stride = cgutils.unpack_tuple(builder, its.strides)[0]  # type: ignore[no-untyped-call]
        place = builder.add(builder.mul(given[1], stride), given[2])
        begin = builder.bitcast(its.data, cgutils.voidptr_t)
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word])
        prefetch = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, kind, "llvm.prefetch.p0"
        )
        builder.call(prefetch, [builder.gep(begin, [place]), word(_TO_READ), word(_TO_KEEP), word(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), generate
