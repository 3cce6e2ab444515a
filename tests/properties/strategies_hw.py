"""Random `.hw` syntax trees: whatever the grammar can say."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st
from properties.strategies_ir import expressions, nests, strings

from tilewright.hw_specs import syntax as hw
from tilewright.ir.text.expr import Call, Path

names = st.sampled_from(["dram", "pe", "x", "_a", "mac", "B", "s", "cmos65", "keeps"])
_paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: Path(tuple(parts)))
_types = st.sampled_from(["int", "size", "freq", "energy", "bandwidth", "length", "bool", "float"])
_units = st.sampled_from(["pJ", "pJ/bit", "uW", "um2"])

Element = TypeVar("Element")


def _some(
    element: st.SearchStrategy[Element], least: int = 0, most: int = 3
) -> st.SearchStrategy[tuple[Element, ...]]:
    return st.lists(element, min_size=least, max_size=most).map(tuple)


_calls = st.builds(Call, _paths, _some(expressions, 1, 2), _some(st.tuples(names, expressions)))
_applied = st.one_of(_paths, _calls)
_attrs = st.builds(
    hw.Attr,
    st.one_of(
        _paths, st.sampled_from(["tech", "require", "keep", "a b"]).map(lambda n: Path((n,)))
    ),
    st.one_of(expressions, st.builds(hw.NameSet, st.one_of(_some(names), _some(names, 20, 40)))),
)
_ports = st.builds(hw.PortDecl, names, _some(_attrs))
_ons = st.builds(hw.OnDecl, st.one_of(_some(names, 1, 3), _some(names, 20, 30)), _some(_attrs))
_nets = st.builds(hw.NetDecl, names, _applied, _paths, _paths, _some(_paths), _some(_attrs))
_axes = _some(st.builds(hw.Axis, names, expressions), 0, 2)
_kinds = st.sampled_from(["memory", "array", "compute"])


def _part(items: st.SearchStrategy[hw.PartItem]) -> st.SearchStrategy[hw.Part]:
    params = _some(st.tuples(names, _types), 0, 2)
    bases = st.one_of(st.none(), _applied)
    return st.builds(hw.Part, _kinds, names, params, _axes, bases, _some(items))


parts = st.recursive(
    _part(st.one_of(_attrs, _ports, _ons, _nets)),
    lambda inner: _part(st.one_of(_attrs, inner)),
    max_leaves=4,
)
_domains = st.one_of(
    st.none(),
    st.builds(hw.Choices, _some(expressions, 1)),
    st.builds(hw.Range, expressions, expressions, st.one_of(st.none(), expressions)),
)
_endpoints = st.builds(hw.Endpoint, _paths, _some(expressions))
_arch_items = st.one_of(
    st.builds(hw.Param, names, _types, expressions, _domains),
    st.builds(hw.RequireDecl, expressions, st.one_of(st.none(), strings)),
    st.builds(hw.Drop, st.one_of(_kinds, st.sampled_from(["net", "dataflow"])), names),
    st.builds(hw.LinkDecl, _endpoints, _endpoints, _some(_attrs)),
    st.builds(hw.DataflowDecl, names, nests),
    parts,
    _nets,
    _attrs,
)
_tables = st.integers(1, 2).flatmap(
    lambda keys: st.integers(1, 2).flatmap(
        lambda columns: st.builds(
            hw.TableDecl,
            names,
            _some(names, keys, keys),
            _some(st.builds(hw.Column, names, _units), columns, columns),
            _some(
                st.builds(
                    hw.Row, _some(expressions, keys, keys), _some(expressions, columns, columns)
                )
            ),
        )
    )
)
_decls = st.one_of(
    st.builds(hw.TechDecl, names, _some(st.one_of(_attrs, _tables))),
    st.builds(hw.Template, parts),
    st.builds(hw.ArchDecl, names, st.one_of(st.none(), _applied), _some(_arch_items)),
)
files = st.builds(hw.File, _some(st.builds(hw.Use, strings)), _some(_decls))
