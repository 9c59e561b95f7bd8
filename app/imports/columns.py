"""The columns of a sheet of applications, under every heading that schools give them."""

from app.sheets.tables import Column

ACCOUNT_KINDS = {"card_number": "card", "passbook": "passbook", "social_card": "social_card"}
"""Columns that hold an account number, and the kind of account each says it is."""

COLUMNS = (
    Column("seq", ("序号", "编号")),
    Column("school_code", ("学校标识码", "学校代码")),
    Column("school_name", ("学校名称", "学校", "所在学校", "就读学校")),
    Column("register_no", ("学籍号", "学籍编号", "全国学籍号")),
    Column("name", ("姓名", "学生姓名"), required=True),
    Column("sex", ("性别",)),
    Column(
        "resident_id",
        ("居民身份证号", "身份证号", "身份证号码", "居民身份证号码", "学生身份证号"),
        required=True,
        kind="identity",
    ),
    Column("birth_on", ("出生日期", "出生年月日"), kind="date"),
    Column("grade", ("年级", "所在年级"), kind="grade", fault="grade_range"),
    Column("class_name", ("班级", "所在班级", "班")),
    Column(
        "boards", ("是否寄宿", "住校", "是否住校", "寄宿"), kind="yes_no", fault="boards_unclear"
    ),
    Column("hukou", ("户口性质", "户籍性质", "户口类型")),
    Column("household_size", ("家庭人口", "家庭人口数", "家庭人数"), kind="integer"),
    Column("income_per_head_fen", ("家庭人均年收入", "人均年收入", "家庭年人均收入"), kind="money"),
    Column("special_group", ("特殊群体类型", "贫困类别", "特殊群体类别", "困难类型")),
    Column("hardship", ("困难等级", "困难档次", "困难程度", "认定档次")),
    Column("guardian_name", ("监护人", "家长姓名", "监护人姓名")),
    Column("guardian_resident_id", ("监护人身份证号", "家长身份证号"), kind="identity"),
    Column("relation", ("与学生关系", "与监护人关系", "监护人与学生关系")),
    Column("telephone", ("联系电话", "电话", "手机号码")),
    Column("holder_name", ("开户名", "户名", "账户姓名")),
    Column("card_number", ("银行卡号", "卡号"), kind="card"),
    Column("passbook", ("惠农一卡通账号", "存折账号", "存折号"), kind="card"),
    Column("social_card", ("社保卡号", "社会保障卡号"), kind="card"),
    Column("bank_name", ("开户银行", "开户行")),
    Column("rural_major", ("是否涉农专业", "涉农专业"), kind="yes_no"),
    Column("tuition_fen", ("学费", "全年学费", "学费标准"), kind="money"),
    Column("accommodation_fen", ("住宿费", "全年住宿费"), kind="money"),
    Column("tier", ("资助档次", "助学金档次"), kind="integer"),
    Column("good_record", ("是否品学兼优", "品学兼优"), kind="yes_no"),
    Column("excellent", ("是否特别优秀", "特别优秀"), kind="yes_no"),
    Column("merit_rank", ("推荐名次", "学校推荐名次", "名次"), kind="integer"),
    Column("state_funded_trainee", ("是否公费师范生", "公费师范生"), kind="yes_no"),
    Column("owns_car", ("是否有小汽车", "家庭有无小汽车"), kind="yes_no"),
    Column("bought_house", ("是否购房", "近期是否购房"), kind="yes_no"),
    Column("remark", ("备注",)),
)
