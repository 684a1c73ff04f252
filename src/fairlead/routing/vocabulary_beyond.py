"""Words beyond ASCII that tell what a request is about: data, no logic.

Chinese has no spaces, so its words match anywhere; a few stems of other languages do likewise. They
are only looked for where a text goes beyond ASCII, and of those only the ones whose first character
occurs in it: so their number costs next to nothing.
"""

from typing import Final

from fairlead.routing.decision import Task

__all__ = ["BEYOND_ASCII", "BY_FIRST"]

_WORDS: dict[Task, dict[int, str]] = {
    "coding": {
        3: "代码 编程 调试 重构 单元测试 线程 正则 编译 程序员 递归 链表 前端 后端 异步 数组 算法 "
        "时间复杂度 空指针 单例 爬虫 源码 排序算法",
        2: "函数 报错 脚本 程序 接口 变量 字符串 数据结构 部署 框架 仓库 依赖 子串 排序 "
        "缓存 索引 实现一个 组件 配置文件",
        1: "数据库 实现 优化 服务器 配置 运行 报 列表 页面 备份 命令 测试 时间 返回",
    },
    "automation": {
        3: "自动化 截屏 关灯 开灯 定时",
        2: "浏览器 点击 截图 打开设置 登录后台 收件箱 空调 音量 文件夹 下单 桌面 提醒 重启 "
        "关掉 播放 闹钟 网页 调到 调小 调大 删掉 安装",
        1: "打开 登录 按钮 导出 提交 关闭 启动 移动到 放进 帮我把 预订 服务 表单 邮件",
    },
    "math": {
        3: "数学 方程 积分 导数 等差数列 等比数列 特征值 行列式 向量 三角形 最大公约数 不等式 整除 "
        "极限 质数 素数 因式分解 ∫ 圆的半径 排列组合 几何 代数",
        2: "√ ² ∑ ≤ π "
        "概率 求解 半径 面积 体积 周长 千米 百分之 矩阵 奇数 偶数 骰子 正整数 自然数 之和 "
        "平均数 还剩 公里每小时 夹角 边长 倍数 相遇 原价 几个 最大值 最小值",
        1: "计算 多少 求 证明 等于 每小时 厘米 平方 分之 几 数列 整数 个数 元 米 共",
    },
    "science": {
        3: "物理 化学 生物 量子 光合作用 黑洞 基因 细胞 病毒 细菌 抗生素 牛顿 超导 恐龙 地震 火山 "
        "电磁 原子 电子 蛋白质 免疫 糖尿病 引力 氧化 生锈 行星 恒星 宇宙 催化 相对论 发病 "
        "病理 遗传 进化 染色体 胰岛素 神经 激素",
        2: "分子 反应 定律 科学 电阻 电流 太阳 地球 温度 能量 疫苗 器官 血液 大气 气候 酸 碱 "
        "植物 动物 灭绝 疾病 原理 人体 天空 冰 声音 机理 沸点 密度",
        1: "月亮 实验 为什么 什么是 怎么形成 形成 区别 水 如何产生 假说 解释",
    },
    "translation": {
        3: "übersetz 翻译 译成 译为 英译中 中译英 翻成 用英语 用日语 用法语 用韩语 用德语 переведи "
        "перевод 翻訳 번역 用英文怎么说 怎么说 中文意思 英文怎么",
        2: "的西班牙语 的英语 的日语 的法语 的德语 的韩语",
        1: "英文 英语 中文 日语 法语 德语 韩语 西班牙语 俄语 语气",
    },
    "extraction": {
        3: "提取 抽取 情感分析 命名实体 归类 拆分成",
        2: "分类 标签 找出所有 列出所有 字段 情感 整理成表格 识别 人名 地名 找出 判断这条 分成",
        1: "列出 下面 判断 以下 姓名 电话 日期 金额 地址 表格 评论 以 类别 整理",
    },
    "document": {
        3: "总结 摘要 概括 概述 归纳 根据下面 根据以上 阅读全文 阅读下面 压缩到 这篇文章 这篇论文 "
        "这份报告 这份合同 主要内容 ",
        2: "文档 合同 附件 全文 条款 论文 文章 会议纪要 协议 根据 条文 材料 要点 说明书",
        1: "报告 作者 段落 页 章 材料 文件 这份 这段",
    },
    "creative": {
        3: "写一首 小说 文案 口号 童话 相声 续写 藏头诗 剧本 歌词 绝句 主持词 广告语 微小说  "
        "  写个故事 讲个故事 的故事 散文 主持 ",
        2: "故事 诗 创作 风格 名字 想象 角色 写一段 作文 对联 描写 有趣 广告 幽默",
        1: "写 写一篇 浪漫 温馨 题 编",
    },
    "agent": {
        3: "智能体 调用工具 工具调用 多步 子任务 函数调用 可用的工具 使用工具",
        2: "调用 工具 制定计划 协作 协调 分派 规划 汇总结果 每一步 ",
        1: "计划 搜索 先 执行 任务 查询 查 汇报 检查 持续 助手 通知 直到",
    },
    "chat": {
        3: "你好 在吗 早上好 晚上好 晚安 聊聊 聊天 讲个笑话 你叫什么 你是谁 哈哈 心情 好无聊 "
        "好难过 陪我 你喜欢 你真",
        2: "谢谢 辛苦了 笑话 难过 开心 无聊 你觉得 孤独 想你 可爱 吵架 嗨 哎",
        1: "今天 朋友 你 感觉 呀 啊 啦",
    },
}

BEYOND_ASCII: Final[dict[str, tuple[Task, int]]] = {
    word: (task, weight)
    for task, by_weight in reversed(_WORDS.items())
    for weight, words in sorted(by_weight.items())
    for word in words.split()
    if not word.isascii()
}
"""A word to the task it tells of and its weight."""

BY_FIRST: Final[dict[str, tuple[tuple[str, Task, int], ...]]] = {}
"""The same by their first character."""
for _word, (_task, _weight) in BEYOND_ASCII.items():
    BY_FIRST[_word[0]] = (*BY_FIRST.get(_word[0], ()), (_word, _task, _weight))
