"""The words of the challenge phrase, written for it: 128 things that everybody can say and tell apart, in both languages."""

_PAIRS = """
白云 white cloud|春雨 spring rain|晚霞 evening glow|晨雾 morning mist|初雪 first snow|彩虹 rainbow|北斗 north star|满月 full moon
海风 sea breeze|浪花 surf|沙滩 beach|灯塔 lighthouse|帆船 sailing boat|渔网 fishing net|贝壳 seashell|珊瑚 coral
青山 green hill|山泉 mountain spring|竹林 bamboo grove|松树 pine tree|石桥 stone bridge|瀑布 waterfall|山洞 cave|小溪 brook
稻田 rice field|麦穗 ear of wheat|荷花 lotus|菊花 chrysanthemum|桂花 osmanthus|梅花 plum blossom|兰草 orchid|木棉 kapok
荔枝 lychee|龙眼 longan|芒果 mango|菠萝 pineapple|柠檬 lemon|石榴 pomegranate|西瓜 watermelon|樱桃 cherry
花生 peanut|玉米 maize|南瓜 pumpkin|冬瓜 winter melon|莲藕 lotus root|香菇 mushroom|生姜 ginger|辣椒 chilli
绿茶 green tea|豆浆 soy milk|米粉 rice noodles|饺子 dumpling|月饼 mooncake|粽子 rice parcel|蜂蜜 honey|海盐 sea salt
白鹭 egret|燕子 swallow|喜鹊 magpie|鸳鸯 mandarin duck|孔雀 peacock|猫头鹰 owl|信鸽 homing pigeon|天鹅 swan
骏马 fine horse|水牛 water buffalo|山羊 goat|小鹿 fawn|熊猫 panda|松鼠 squirrel|刺猬 hedgehog|骆驼 camel
海豚 dolphin|鲤鱼 carp|螃蟹 crab|海龟 sea turtle|章鱼 octopus|龙虾 lobster|青蛙 frog|蜻蜓 dragonfly
蝴蝶 butterfly|蜜蜂 bee|蚕丝 silk|棉布 cotton cloth|毛笔 brush|砚台 ink stone|宣纸 rice paper|印泥 seal paste
风筝 kite|灯笼 lantern|剪纸 paper cut|陶罐 clay jar|漆器 lacquer box|瓷碗 china bowl|铜锣 gong|竹笛 bamboo flute
二胡 two-string fiddle|古琴 zither|腰鼓 waist drum|琵琶 lute|象棋 chess|围棋 go board|算盘 abacus|罗盘 compass
剪刀 scissors|菜刀 kitchen knife|铁锅 iron pan|木桶 wooden tub|扫帚 broom|雨伞 umbrella|草帽 straw hat|布鞋 cloth shoe
钥匙 key|铜锁 brass lock|油灯 oil lamp|蜡烛 candle|镜子 mirror|梳子 comb|纽扣 button|枕头 pillow
火车 train|轮船 steamship|单车 bicycle|码头 wharf|车站 station|书店 bookshop|邮局 post office|集市 market
"""


def _pair(entry: str) -> tuple[str, str]:
    zh, _, en = entry.partition(" ")
    return zh, en


WORDS = tuple(_pair(entry) for line in _PAIRS.split("\n") if line for entry in line.split("|"))
"""(Chinese, English); their order is part of the phrase: words are never moved or taken out."""
