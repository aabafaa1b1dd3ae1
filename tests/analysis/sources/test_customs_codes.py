"""Partners and units as the customs office's own lists have them."""

from __future__ import annotations

import pytest

from analysis.sources.customs_codes import name_key, partner_names, partners, unit_names

#: Numbers and names of the query page's list, as the office prints them; those where usage differs.
AS_LISTED = """
109 朝鲜|110 中国香港|121 中国澳门|125 尼泊尔联邦民主共和国|133 韩国|143 中国台湾|210 塞卜泰(休达)
213 刚果(布)|252 刚果(金)|260 南苏丹共和国|344 俄罗斯联邦|349 塞尔维亚和黑山|354 北马其顿共和国
355 波黑|356 梵蒂冈城国|358 塞尔维亚|359 黑山|408 多民族玻利维亚国|414 多米尼克|417 库腊索岛
418 多米尼加共和国|447 圣其茨和尼维斯|449 荷属安的列斯|625 瓦利斯和浮图纳|701 国(地)别不详
702 联合国及机构和国际组织|999 中性包装原产国别|109 Korea,DPR
109 Democratic People's Republic of Korea
133 Republic of Korea|133 Korea Rep.|110 Hong Kong，China|121 Macao,China|143 Taiwan，China
"""


@pytest.mark.parametrize("line", AS_LISTED.replace("\n", "|").strip("|").split("|"))
def test_names_of_the_offices_own_list_are_known(line):
    code, name = line.split(" ", 1)
    assert partner_names()[name_key(name)] == int(code)


def test_the_two_koreas_are_never_one():
    north = {key for key, code in partner_names().items() if code == 109}
    south = {key for key, code in partner_names().items() if code == 133}
    assert north and south and not north & south


def test_a_name_belongs_to_one_partner():
    keys = [name_key(name) for one in partners().values() for name in one.names]
    assert len(keys) == len(set(keys))


def test_a_thousand_kilowatt_hours_is_another_unit():
    assert unit_names()[name_key("千瓦时")] == "kilowatt-hour"
    assert unit_names()[name_key("Thousand kilowatt-hours")] == "thousand kilowatt-hours"
