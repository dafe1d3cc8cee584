"""Runs a WASI program with wasmtime's Python package. It sees the current folder only.

usage: wasi.py PROGRAM ARGUMENT...
"""

import os
import sys

from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig

wasi = WasiConfig()
wasi.argv = sys.argv[1:]
wasi.inherit_env()
wasi.inherit_stdout()
wasi.inherit_stderr()
wasi.preopen_dir(".", os.getcwd())

store = Store(Engine())
store.set_wasi(wasi)
linker = Linker(store.engine)
linker.define_wasi()
program = linker.instantiate(store, Module.from_file(store.engine, sys.argv[1]))
try:
    program.exports(store)["_start"](store)
except ExitTrap as exit:
    sys.exit(exit.code)
