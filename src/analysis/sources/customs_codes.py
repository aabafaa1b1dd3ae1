"""Numbers and names by which China's customs statistics know partners and units of quantity.

Partners: the customs office's table of statistical codes of countries and regions, three digits
whose first is the continent; the last column is the United Nations' number (M49) that Comtrade
uses, empty where there is none. Units: its table of units of quantity. Several spellings of a
name are separated by `/`, the first is the one that the readers give; a further line of a number
adds spellings. A name or unit that a sound
file prints and this table lacks belongs here: add the spelling to its line.

Checked against the list of partners of the query page (stats.customs.gov.cn) as the R package
`turbanisch/chinautils` keeps it (data-raw/china-customs-codes/partners/zh-TradingPartner.csv): its
numbers and Chinese names are all here. That package's sample of an English download of 2026 prints
`Republic of Korea`, `Macao,China` and full-width commas. English names as declarations print them,
misprints included, are those of a public list of customs codes (`Korea,DPR`, `Bahrian`); Chinese
units were checked against the table of codes in `ryanrong95/HXT` (DeclarationBase.cs), which has
more units than trade statistics use. The English names of units rest on the sample (`Kilogram`)
and on the office's usage as remembered: an unknown one is an error that quotes the cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

#: North Korea at the customs office; South Korea is 133.
DPRK = 109

_PARTNERS = """
101;Afghanistan;阿富汗;4
102;Bahrain/Bahrian;巴林;48
103;Bangladesh;孟加拉国;50
104;Bhutan;不丹;64
105;Brunei/Brunei Darussalam;文莱;96
106;Myanmar;缅甸;104
107;Cambodia;柬埔寨;116
108;Cyprus;塞浦路斯;196
109;Korea,DPR/Korea,DPRK/North Korea/Democratic People's Republic of Korea/DPR Korea;朝鲜;408
110;Hong Kong,China/Hong Kong;中国香港/香港;344
111;India;印度;699
112;Indonesia;印度尼西亚;360
113;Iran;伊朗;364
114;Iraq;伊拉克;368
115;Israel;以色列;376
116;Japan;日本;392
117;Jordan;约旦;400
118;Kuwait;科威特;414
119;Laos/Lao PDR/Laos,PDR;老挝;418
120;Lebanon;黎巴嫩;422
121;Macau,China/Macao,China/Macao/Macau;中国澳门/澳门;446
122;Malaysia;马来西亚;458
123;Maldives;马尔代夫;462
124;Mongolia;蒙古/蒙古国;496
125;Nepal/Nepal,FDR;尼泊尔/尼泊尔联邦民主共和国;524
126;Oman;阿曼;512
127;Pakistan;巴基斯坦;586
128;Palestine;巴勒斯坦;275
129;Philippines;菲律宾;608
130;Qatar;卡塔尔;634
131;Saudi Arabia;沙特阿拉伯;682
132;Singapore;新加坡;702
133;Korea,Rep./Korea,Rep/Korea Rep./Korea,Republic of/South Korea/Republic of Korea;韩国;410
134;Sri Lanka;斯里兰卡;144
135;Syria/Syrian Arab Republic/Syrian;叙利亚;760
136;Thailand;泰国;764
137;Turkey/Türkiye/Turkiye;土耳其;792
138;United Arab Emirates/UAE;阿联酋/阿拉伯联合酋长国;784
139;Yemen/Republic of Yemen;也门/也门共和国;887
141;Vietnam;越南;704
142;China;中国;156
143;Taiwan,China/Taiwan,Prov. of China/Taiwan prov./Taiwan;中国台湾/台湾/台澎金马关税区;490
144;Timor-Leste/East Timor;东帝汶;626
145;Kazakhstan;哈萨克斯坦;398
146;Kyrgyzstan/Kirghizia;吉尔吉斯斯坦;417
147;Tajikistan/Tadzhikistan;塔吉克斯坦;762
148;Turkmenistan;土库曼斯坦;795
149;Uzbekistan/Uzbekstan;乌兹别克斯坦;860
199;Asia other/Oth. Asia nes/Other countries (regions) in Asia;亚洲其他国家(地区);
201;Algeria;阿尔及利亚;12
202;Angola/Angora;安哥拉;24
203;Benin;贝宁;204
204;Botswana;博茨瓦纳/博茨瓦那;72
205;Burundi;布隆迪;108
206;Cameroon;喀麦隆;120
207;Canary Islands/Canary Is;加那利群岛;
208;Cape Verde/Cape Vrde/Cabo Verde;佛得角;132
209;Central African Republic/Central African Rep.;中非/中非共和国;140
210;Ceuta;塞卜泰(休达)/塞卜泰;
211;Chad;乍得;148
212;Comoros;科摩罗;174
213;Congo/Congo,Rep.;刚果/刚果共和国/刚果(布);178
214;Djibouti;吉布提;262
215;Egypt;埃及;818
216;Equatorial Guinea/Eq.Guinea;赤道几内亚;226
217;Ethiopia;埃塞俄比亚;231
218;Gabon;加蓬;266
219;Gambia;冈比亚;270
220;Ghana;加纳;288
221;Guinea;几内亚;324
222;Guinea-Bissau/Guinea Bissau;几内亚比绍/几内亚(比绍);624
223;Cote d'Ivoire/Côte d'Ivoire/Ivory Coast;科特迪瓦;384
224;Kenya;肯尼亚;404
225;Liberia;利比里亚;430
226;Libya/Libyan Arab Jamahiriya/Libyan Arab Jm;利比亚;434
227;Madagascar;马达加斯加;450
228;Malawi;马拉维;454
229;Mali;马里;466
230;Mauritania;毛里塔尼亚;478
231;Mauritius;毛里求斯;480
232;Morocco;摩洛哥;504
233;Mozambique;莫桑比克;508
234;Namibia;纳米比亚;516
235;Niger;尼日尔;562
236;Nigeria;尼日利亚;566
237;Reunion/Réunion;留尼汪/留尼旺;638
238;Rwanda;卢旺达;646
239;Sao Tome and Principe/Sao Tome & Principe;圣多美和普林西比;678
240;Senegal;塞内加尔;686
241;Seychelles;塞舌尔;690
242;Sierra Leone;塞拉利昂;694
243;Somalia;索马里;706
244;South Africa/S.Africa;南非/南非(阿扎尼亚);710
245;Western Sahara;西撒哈拉;732
246;Sudan;苏丹;729
247;Tanzania;坦桑尼亚;834
248;Togo;多哥;768
249;Tunisia;突尼斯;788
250;Uganda;乌干达;800
251;Burkina Faso;布基纳法索;854
252;Congo,DR/Congo,Dem. Rep./Democratic Republic of the Congo;刚果民主共和国/民主刚果/刚果(金);180
253;Zambia;赞比亚;894
254;Zimbabwe;津巴布韦;716
255;Lesotho;莱索托;426
256;Melilla;梅利利亚;
257;Swaziland/Eswatini;斯威士兰;748
258;Eritrea;厄立特里亚;232
259;Mayotte;马约特/马约特岛;175
260;South Sudan;南苏丹/南苏丹共和国;728
299;Africa other/Oth. Afr. nes/Other countries (regions) in Africa;非洲其他国家(地区);
301;Belgium;比利时;56
302;Denmark;丹麦;208
303;United Kingdom/UK;英国;826
304;Germany;德国;276
305;France;法国;251
306;Ireland;爱尔兰;372
307;Italy;意大利;380
308;Luxembourg;卢森堡;442
309;Netherlands;荷兰;528
310;Greece;希腊;300
311;Portugal;葡萄牙;620
312;Spain;西班牙;724
313;Albania;阿尔巴尼亚;8
314;Andorra;安道尔;20
315;Austria;奥地利;40
316;Bulgaria;保加利亚;100
318;Finland;芬兰;246
320;Gibraltar;直布罗陀;292
321;Hungary;匈牙利;348
322;Iceland;冰岛;352
323;Liechtenstein;列支敦士登;438
324;Malta;马耳他;470
325;Monaco;摩纳哥;492
326;Norway;挪威;579
327;Poland;波兰;616
328;Romania;罗马尼亚;642
329;San Marino;圣马力诺;674
330;Sweden;瑞典;752
331;Switzerland;瑞士;757
334;Estonia;爱沙尼亚;233
335;Latvia;拉脱维亚;428
336;Lithuania;立陶宛;440
337;Georgia;格鲁吉亚;268
338;Armenia;亚美尼亚;51
339;Azerbaijan;阿塞拜疆;31
340;Belarus/Byelorussia;白俄罗斯;112
343;Moldova/Moldavia;摩尔多瓦;498
344;Russia/Russian Federation;俄罗斯/俄罗斯联邦;643
347;Ukraine;乌克兰;804
349;Serbia and Montenegro;塞尔维亚和黑山/南斯拉夫;891
350;Slovenia/Slovenia Rep.;斯洛文尼亚;705
351;Croatia/Croatia Rep.;克罗地亚;191
352;Czech Republic/Czechia/Czech Rep.;捷克/捷克共和国;203
353;Slovakia/Slovak Republic/Slovak Rep.;斯洛伐克;703
354;Macedonia/North Macedonia/Macedonia Rep.;北马其顿/北马其顿共和国/马其顿/前南马其顿;807
355;Bosnia and Herzegovina/Bosnia&Hercegovina/Bosnia-Hercegovina;波斯尼亚和黑塞哥维那/波黑;70
355;;波斯尼亚-黑塞哥维那共和国/波斯尼亚-黑塞哥维那共和;
356;Vatican City State/Vatican City;梵蒂冈/梵蒂冈城国;336
357;Faroe Islands/the Faroe Islands;法罗群岛;234
358;Serbia/Sefbia;塞尔维亚;688
359;Montenegro/Montengro;黑山;499
399;Europe other/Oth. Eur. nes/Other countries (regions) in Europe;欧洲其他国家(地区);
401;Antigua and Barbuda/Antigua & Barbuda;安提瓜和巴布达;28
402;Argentina;阿根廷;32
403;Aruba;阿鲁巴/阿鲁巴岛;533
404;Bahamas;巴哈马;44
405;Barbados;巴巴多斯;52
406;Belize;伯利兹;84
408;Bolivia;玻利维亚/多民族玻利维亚国;68
409;Bonaire;博内尔;535
410;Brazil;巴西;76
411;Cayman Islands/Cayman Is.;开曼群岛;136
412;Chile;智利;152
413;Colombia;哥伦比亚;170
414;Dominica;多米尼克/多米尼亚共和国;212
415;Costa Rica;哥斯达黎加;188
416;Cuba;古巴;192
417;Curacao/Curaçao;库腊索/库拉索/库腊索岛;531
418;Dominican Republic/Dominican Rep.;多米尼加/多米尼加共和国;214
419;Ecuador;厄瓜多尔;218
420;French Guiana/French Guyana;法属圭亚那;254
421;Grenada;格林纳达;308
422;Guadeloupe;瓜德罗普/瓜德罗普岛;312
423;Guatemala;危地马拉;320
424;Guyana;圭亚那;328
425;Haiti;海地;332
426;Honduras;洪都拉斯;340
427;Jamaica;牙买加;388
428;Martinique;马提尼克/马提尼克岛;474
429;Mexico;墨西哥;484
430;Montserrat;蒙特塞拉特;500
431;Nicaragua;尼加拉瓜;558
432;Panama;巴拿马;591
433;Paraguay;巴拉圭;600
434;Peru;秘鲁;604
435;Puerto Rico;波多黎各;
436;Saba;萨巴;
437;Saint Lucia/St. Lucia;圣卢西亚;662
438;Saint Martin Islands/St. Martin/Saint Martin;圣马丁岛/圣马丁;534
439;Saint Vincent and the Grenadines/Saint Vincent & Grenadines;圣文森特和格林纳丁斯;670
440;El Salvador;萨尔瓦多;222
441;Suriname;苏里南;740
442;Trinidad and Tobago/Trinidad & Tobago;特立尼达和多巴哥;780
443;Turks and Caicos Islands/Turks & Caicos Is.;特克斯和凯科斯群岛;796
444;Uruguay;乌拉圭;858
445;Venezuela;委内瑞拉;862
446;British Virgin Islands/Br. Virgin Is.;英属维尔京群岛;92
447;Saint Kitts and Nevis/St. Kitts-Nevis;圣基茨和尼维斯/圣其茨和尼维斯/圣其茨-尼维斯;659
448;Saint Pierre and Miquelon/St. Pierre and Miquelon;圣皮埃尔和密克隆;666
449;Netherlands Antilles/the Netherlands Antilles;荷属安的列斯/荷属安地列斯群岛;530
499;Latin America other/Other countries (regions) in Latin America;拉丁美洲其他国家(地区);
499;Oth. L.Amer. nes;;
501;Canada;加拿大;124
502;United States/USA/United States of America;美国;842
503;Greenland;格陵兰;304
504;Bermuda;百慕大;60
599;North America other/Other countries (regions) in North America;北美洲其他国家(地区);
599;Oth. N.Amer. nes;;
601;Australia;澳大利亚;36
602;Cook Islands/Cook Is.;库克群岛;184
603;Fiji;斐济;242
604;Gambier Islands/Gambier Is.;盖比群岛;
605;Marquesas Islands/Marquesas Is.;马克萨斯群岛;
606;Nauru;瑙鲁;520
607;New Caledonia;新喀里多尼亚;540
608;Vanuatu;瓦努阿图;548
609;New Zealand;新西兰;554
610;Norfolk Island/Norfolk Is.;诺福克岛;574
611;Papua New Guinea;巴布亚新几内亚;598
612;Society Islands/Society Is.;社会群岛;
613;Solomon Islands/Solomon Is.;所罗门群岛;90
614;Tonga;汤加;776
615;Tuamotu Islands/Tuamotu Is.;土阿莫土群岛;
616;Tubai Islands/Tubai Is.;土布艾群岛;
617;Samoa/Western Samoa;萨摩亚;882
618;Kiribati;基里巴斯;296
619;Tuvalu;图瓦卢;798
620;Micronesia/Micronesia,Fs/Federated States of Micronesia;密克罗尼西亚联邦/密克罗尼西亚;583
621;Marshall Islands/Marshall Is. Rep.;马绍尔群岛;584
622;Palau;帕劳/帕劳共和国;585
623;French Polynesia;法属波利尼西亚;258
625;Wallis and Futuna;瓦利斯和富图纳/瓦利斯和浮图纳;876
699;Oceania other/Oth. Ocean. nes/Other countries (regions) in Oceania;大洋洲其他国家(地区);
701;Countries (regions) unknown/Country (region) unknown;国别(地区)不详/国(地)别不详;
701;Countries(reg.) unknown;国(地)别不详的;
702;UN and other int'l organizations/UN and other international;联合国及机构和国际组织;
999;Countries of Neutral Package;中性包装原产国别;
"""

_UNITS = """
千克;Kilogram/Kilograms/Kg;公斤
克;Gram/Grams
吨;Ton/Tonne/Metric ton/Tons
克拉;Carat/Carats
升;Litre/Liter/Litres/Liters
千升;Kilolitre/Kiloliter/Thousand litres
毫升;Millilitre/Milliliter
立方米;Cubic metre/Cubic meter/Cubic metres/Cubic meters
米;Metre/Meter/Metres/Meters
千米;Kilometre/Kilometer
平方米;Square metre/Square meter/Square metres/Square meters
千瓦时;Kilowatt-hour/Kilowatt hour/KWH;千瓦小时
千千瓦时;Thousand kilowatt-hours
千伏安;Kilovolt-ampere
千瓦;Kilowatt
百万贝可;Megabecquerel/Million becquerel
件;Piece/Pieces
个;Unit/Item
台;Set/Sets
套;Suite
座;Seat
辆;Vehicle
艘;Vessel
架;Aircraft
只;Head and piece/Animal
头;Head
匹;Horse
张;Sheet
支;Stick
枝;Branch
根;Root
条;Strip
把;Handful
块;Block
卷;Roll
副;Pair of spectacles
片;Slice
组;Group
份;Copy
幅;Width
双;Pair/Pairs
对;Couple
棵;Plant
株;Stem
井;Well
盘;Reel
盆;Pot
具;Tool
扇;Leaf
令;Ream
箱;Case
批;Lot
罐;Can
桶;Barrel/Drum
扎;Bundle
包;Pack
箩;Gross basket
打;Dozen
筐;Basket
罗;Gross
册;Volume
本;Book
发;Round
枚;Bullet/Coin
捆;Truss
袋;Bag
粒;Grain
盒;Box
合;Small box
瓶;Bottle
部;Set of phones
筒;Tube
盎司;Ounce
磅;Pound
码;Yard
千个;Thousand units/Thousand items
千只;Thousand heads
千支;Thousand sticks
千枝;Thousand branches
千块;Thousand blocks
千张;Thousand sheets
千粒;Thousand grains
千盒;Thousand boxes
万张;Ten thousand sheets
亿株;Hundred million stems
疋;Bolt
公担;Quintal
万个;Ten thousand units
万支;Ten thousand sticks
万双;Ten thousand pairs
万套;Ten thousand suites
万粒;Ten thousand grains
万只;Ten thousand heads
亿支;Hundred million sticks
亿个;Hundred million units
百副;Hundred packs
百支;Hundred sticks
百把;Hundred handfuls
百个;Hundred units
百片;Hundred slices
百枝;Hundred branches
百张;Hundred sheets
"""


@dataclass(frozen=True)
class Partner:
    """A trading partner: the customs office's number, its names, Comtrade's number or None."""

    code: int
    names: tuple[str, ...]
    comtrade: int | None

    @property
    def name(self) -> str:
        """The English name, as the query interface prints it."""
        return self.names[0]


def name_key(name: str) -> str:
    """A name without what spellings differ in: case, blanks, tabs and full-width signs.

    >>> name_key(" Korea, DPR\\t") == name_key("Korea,DPR")
    True
    """
    return re.sub(r"\s+", "", name.translate(_HALF_WIDTH)).casefold()


_HALF_WIDTH = str.maketrans("（），．－　", "(),.- ")


@cache
def partners() -> dict[int, Partner]:
    """All partners by the customs office's number."""
    found = {}
    for line in _PARTNERS.split("\n")[1:-1]:
        code, english, chinese, comtrade = line.split(";")
        names = tuple(name for name in (*english.split("/"), *chinese.split("/")) if name)
        if known := found.get(int(code)):
            found[int(code)] = replace(known, names=(*known.names, *names))
        else:
            found[int(code)] = Partner(int(code), names, int(comtrade) if comtrade else None)
    return found


@cache
def partner_names() -> dict[str, int]:
    """The number of each partner by `name_key` of each of its names."""
    return {name_key(name): p.code for p in partners().values() for name in p.names}


@cache
def unit_names() -> dict[str, str]:
    """The English name of each unit, in small letters, by `name_key` of each spelling."""
    found = {}
    for line in _UNITS.split("\n")[1:-1]:
        chinese, english, *more = line.split(";")
        spellings = [chinese, *english.split("/"), *more]
        name = english.split("/")[0].lower()
        found |= {name_key(spelling): name for spelling in spellings}
    return found


def comtrade_code(partner: int) -> int:
    """Comtrade's number of a partner; ValueError where the customs office's number has none."""
    known = partners().get(partner)
    if known is None or known.comtrade is None:
        raise ValueError(
            f"partner {partner}: expected a number of the customs office's table (109 is North "
            "Korea, 133 South Korea); see src/analysis/sources/customs_codes.py"
        )
    return known.comtrade
