/* common_passwords.c - what people choose: keyboard walks, number rows, names,
 * pinyin and Chinese phrases, and the words of our own trade.  Written for this
 * program; sorted by bytes, lower case.
 */
#include "sys/crypto.h"

#include <string.h>

/* clang-format off */
static const char *const common[] = {
	"!@#$%^&*", "!@#$%^&*()", "!qaz2wsx", "!qaz@wsx", "00000000", "000000000", "0000000000", "00112233",
	"01234567", "0123456789", "0987654321", "10101010", "101010101", "10203040", "102030405060", "11111111",
	"111111111", "1111111111", "11223344", "1122334455", "112233445566", "12121212", "121212121212",
	"1223334444", "12301230", "12312312", "123123123", "123321", "12332112", "123321123", "12341234",
	"12344321", "123454321", "1234554321", "12345678", "123456789", "1234567890", "12345679", "12345abc",
	"12345hik", "1234abcd", "1234asdf", "1234qwer", "1314520", "13145200", "13145201314", "1314521",
	"13579246", "1357924680", "147258369", "147852369", "14789632", "147896325", "159357456", "159753456",
	"1597534862", "168168168", "16888888", "19901990", "1q2w3e", "1q2w3e4r", "1q2w3e4r!", "1q2w3e4r5t",
	"1qaz!qaz", "1qaz2wsx", "1qaz2wsx3edc", "1qaz@wsx", "20002000", "22222222", "2468101214", "24681357",
	"27182818", "31415926", "314159265", "31415926535", "321654987", "33333333", "44444444", "456123789",
	"518518518", "5201314", "520131400", "52013145", "5201314520", "520520520", "521521521", "55555555",
	"66666666", "66668888", "66886688", "741852963", "7758258", "77582580", "7758521", "77585210", "77777777",
	"789456123", "87654321", "88886666", "88888888", "888888888", "88888888888", "963852741", "98765432",
	"987654321", "9876543210", "99999999", "999999999", "a1234567", "a12345678", "a123456789", "a1b2c3d4",
	"a5201314", "aa112233", "aa1122334455", "aa123456", "aa12345678", "aaa123456", "aaaaaaaa", "ab123456",
	"abc112233", "abc12345", "abc123456", "abc@123", "abc@1234", "abcd1234", "abcd@1234", "abcdefg1",
	"abcdefgh", "abcdefghi", "access", "access14", "admin", "admin!@#", "admin00", "admin000000", "admin12",
	"admin123", "admin1234", "admin12345", "admin123456", "admin666", "admin888", "admin@123", "admin@2023",
	"admin@2024", "administrator", "aini1314", "aiqing", "alexander", "alibaba", "alipay", "allah786",
	"amanda", "amituofo", "andrew", "angel", "angel123", "angel520", "anquan", "anquan123", "anthony",
	"apple123", "arsenal", "asd123123", "asd123456", "asdasdasd", "asdf1234", "asdf123456", "asdfasdf",
	"asdfghjk", "asdfghjkl", "asdfqwer", "ashley", "asus1234", "autumn", "azerty", "azerty123", "azertyuiop",
	"baby1234", "baby520", "babybaby", "babygirl", "baidu", "baidu123", "banana", "baoan", "baoan123",
	"baobao", "baobao123", "baobei", "baobei520", "barcelona", "baseball", "basketball", "batman", "bbbbbbbb",
	"beautiful", "beijing", "beijing2008", "blessed1", "blink182", "buddha", "buster", "butterfly", "buzhidao",
	"caonima", "caonima123", "caonimabi", "centos", "changeme", "changeme1", "changeme123", "charlie",
	"cheese", "chelsea", "chen123456", "chengdu", "chenjie", "chiji123", "chocolate", "chongqing", "cocacola",
	"computer", "computer1", "contrasena", "contraseña", "cookie", "corvette", "counter-strike",
	"counterstrike", "dahua", "dahua123", "dahua2023", "daniel", "darling", "debian123", "december", "default",
	"default1", "dell1234", "demo", "demo1234", "demo123456", "diablo123", "diamond", "dianhua", "diannao",
	"docker123", "doraemon", "dota1234", "douyin", "dragon", "dragon123", "dragon88", "dragonball", "elastic",
	"elizabeth", "eminem", "emituofo", "facai168", "facai888", "facebook", "fafafafa", "february", "ferrari",
	"fiberhome", "flower", "football", "forever", "forever1314", "foreverlove", "freedom", "friday",
	"gao123456", "garfield", "genshin", "george", "ginger", "god12345", "gongan", "gongan110", "gongan123",
	"gongchandang", "gongsi", "gongsi123", "gongxifacai", "gongxifacai888", "goodluck", "goodluck123",
	"google", "guangzhou", "guest", "guest123", "guestguest", "guitar", "guo123456", "hangzhou", "happy",
	"happy123", "happy1234", "happyday", "harley", "haslo123", "he123456", "heaven", "hello", "hello123",
	"hello1234", "hellokitty", "helloworld", "hik12345", "hik12345+", "hikadmin", "hikvision", "honey123",
	"hongkong", "hu123456", "huang123456", "huawei", "huawei12#$", "huawei123", "huawei@123", "hunter",
	"hunter2", "ilovechina", "ilovemyself", "iloveu", "iloveu520", "iloveyou", "iloveyou1", "iloveyou1314",
	"iloveyou2", "iloveyou520", "iloveyouforever", "internet", "iphone", "january", "jenkins", "jennifer",
	"jessica", "jesus", "jesus123", "jesuschrist", "jiangxi", "jiankang", "jiankong", "jiankong123", "jiedao",
	"jiedao123", "jiefang", "jingcha", "jingcha110", "jingdong", "jiuan", "jiuan123", "jiuan2024", "jixiang",
	"jixiangruyi", "jordan", "jordan23", "joshua", "jumin", "jumin123", "juventus", "killer", "kitty123",
	"kuaile", "kuaile123", "kuaishou", "kubernetes", "laogong", "laogongwoaini", "laopo", "laopo520",
	"laopowoaini", "league123", "lenovo", "lenovo123", "letmein", "letmein!", "letmein1", "letmein123",
	"li123456", "lianxiang", "lijing", "lin123456", "lina", "linkedin", "liu123456", "liuwei", "liuyang",
	"liverpool", "liwei123", "lixiang", "lkjhgfdsa", "login", "login123", "lol12345", "long1234", "love1234",
	"love123456", "love5201314", "lovelove", "lovely", "loveme", "loveyou", "loveyou520", "lucky168",
	"lucky888", "luffy123", "luo123456", "ma123456", "manager", "manager123", "manchester", "mario123",
	"master", "master123", "matthew", "meimei", "meinv", "menjin", "menjin123", "menwei", "mercedes",
	"metallica", "michael", "mickey", "mickeymouse", "microsoft", "mima", "mima1234", "mima123456", "mimamima",
	"mimashi", "minecraft", "minjing", "mnbvcxz", "mnbvcxzlkj", "monday", "mongodb", "monkey", "monkey123",
	"motdepasse", "music123", "mustang", "mypassword", "mypassword1", "mysql", "namoamituofo", "nanchang",
	"nanchang123", "nanjing", "naruto", "netease", "newpassword", "newpassword1", "nginx123", "nicole",
	"nihao", "nihao123", "nihao1234", "nihao123456", "nihaoma", "nihaoma123", "nintendo", "nirvana", "nokia",
	"november", "october", "onepiece", "operator", "operator123", "oracle", "orange", "p@$$w0rd", "p@55w0rd",
	"p@ssw0rd", "p@ssword", "pa$$word", "pa55word", "paichusuo", "parola", "pass1234", "pass12345", "passpass",
	"passw0rd", "passw@rd", "password", "password!", "password123456", "passwordpassword", "passwort",
	"patrick", "pepper", "pepsi", "pikachu", "pingan", "pingan123", "pingan888", "pinganfu", "playstation",
	"poiuytrewq", "pokemon", "porsche", "postgres", "postgres123", "princess", "princess1", "pubg1234",
	"q1w2e3r4", "q1w2e3r4t5", "qazwsx", "qazwsxedc", "qinaide", "qq123123", "qq123456", "qq1234567",
	"qq5201314", "qqqq1111", "qqqqqqqq", "qwe123!@#", "qwe123123", "qwe123456", "qweasd", "qweasdqwe",
	"qweasdzxc", "qweqwe123", "qweqweqwe", "qwer!@#$", "qwer1234", "qwerasdf", "qwerasdfzxcv", "qwerty",
	"qwertyui", "qwertyuiop", "qwertz", "qwertzuiop", "rainbow", "ranger", "raspberry", "raspberrypi",
	"realmadrid", "redis123", "renmin", "richard", "robert", "roblox", "rockstar", "root123", "root1234",
	"rootroot", "sailormoon", "samsung", "secret", "secret123", "senha123", "september", "server", "server123",
	"shadow", "shanghai", "shengrikuaile", "shenmegui", "shenzhen", "shequ", "shequ123", "shequ2024",
	"shexiangtou", "shouji", "shouji123", "shuaige", "slipknot", "snoopy", "sonic123", "sony1234", "spiderman",
	"spring", "starcraft", "starwars", "strawberry", "summer", "summer2023", "sun123456", "sunshine",
	"superman", "suzhou", "sweetheart", "sweety", "system", "system123", "system32", "taiwan", "tamade",
	"taobao", "taobao123", "tempo123", "temporary", "temppass", "temppass1", "tencent", "tengxun", "test",
	"test123", "test1234", "testtest", "thepassword", "thinkpad", "thomas", "tianjin", "tianmi", "tianshi",
	"tiger123", "tigger", "tomcat", "tomcat123", "toor", "tp-link", "tplink", "tplink123", "trustno1",
	"ubuntu", "uniview", "user", "user1234", "user123456", "victoria", "wang123456", "wangfang", "wangge",
	"wangge123", "wanggeyuan", "wangjimima", "wangjing", "wanglei", "wangmin", "wangwei", "wangyi",
	"wangzherongyao", "wanshiruyi", "warcraft", "wasdwasd", "wechat123", "weibo", "weibo123", "weixin",
	"weixin123", "welcome", "welcome1", "welcome123", "welkom01", "whatever", "william", "windows",
	"windows10", "winnie", "winniethepooh", "winter", "winter2023", "woaibaobao", "woaini", "woaini123",
	"woaini123456", "woaini1314", "woaini520", "woaini5201314", "woaini521", "woainima", "woainiwoaini",
	"woaiwojia", "woaiwoziji", "woaizhongguo", "wobuzhidao", "wodemima", "wodemima123", "woshihaoren",
	"woshiniba", "woshinidie", "woshishen", "woshishui", "woshitiancai", "woshizhu", "wu123456", "wuhan",
	"wuye", "wuye123", "wuye2024", "xbox360", "xian", "xiaofang", "xiaohong", "xiaolong", "xiaomi", "xiaoming",
	"xiaoqiang", "xiaoxiao", "xiaoyu123", "xingfu", "xingfu123", "xinnian", "xinniankuaile", "xsw2zaq1",
	"xu123456", "xxxxxxxx", "yamaha", "yang123456", "youxi", "youxi123", "ytrewq", "yuanshen", "yuanshen123",
	"zaq12wsx", "zaq1@wsx", "zaq1zaq1", "zaqxswcde", "zelda123", "zhang123456", "zhanglei", "zhangli",
	"zhangmin", "zhangwei", "zhao123456", "zhengfu", "zhengfu123", "zhiban", "zhiban123", "zhidao123",
	"zhifubao", "zhongguo", "zhongguo123", "zhongguoren", "zhonghua", "zhonghuarenmin", "zhou123456",
	"zhu123456", "zte12345", "zx123456", "zxc123123", "zxc123456", "zxcasdqwe", "zxcv1234", "zxcvbn123",
	"zxcvbnm", "zxcvbnm1", "zxczxczxc", "zz123456", "zzzzzzzz", "一二三四五六七八", "万事如意", "中华人民共和国", "中国人民", "为人民服务",
	"人民警察", "你好世界", "你好你好", "南无阿弥陀佛", "南昌市公安局", "天天向上", "好好学习天天向上", "宝贝我爱你", "密码密码", "密码是多少", "平安是福", "平安社区",
	"床前明月光", "忘记密码", "恭喜发财", "我不知道密码", "我爱中国", "我爱你", "我爱你一生一世", "我爱我家", "我的密码", "新年快乐", "江西省南昌市", "派出所民警",
	"物业管理", "生日快乐", "社区管理员", "管理员管理员", "网格员密码", "老公我爱你", "老婆我爱你", "阿弥陀佛",
};
/* clang-format on */

static bool is_listed(const char *p, size_t n)
{
	size_t from = 0, to = COUNT(common);
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int c = str_cmp(str_of(common[mid]), (struct str){ p, n });
		if (c == 0)
			return true;
		if (c < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return false;
}

static bool is_tail(char c)
{
	return (c >= '0' && c <= '9') || c == '!' || c == '.' || c == '@' || c == '#';
}

/* One character, or a run of neighbours such as "abcdefgh" or "98765432". */
static bool is_run(const char *p, size_t n)
{
	int step = p[1] - p[0];
	if (step < -1 || step > 1)
		return false;
	for (size_t i = 1; i < n; i++)
		if (p[i] - p[i - 1] != step)
			return false;
	return true;
}

/* "19870512", "20240101": a birthday. */
static bool is_date(const char *p, size_t n)
{
	if (n != 8 || (memcmp(p, "19", 2) != 0 && memcmp(p, "20", 2) != 0))
		return false;
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	int month = (p[4] - '0') * 10 + p[5] - '0', day = (p[6] - '0') * 10 + p[7] - '0';
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

bool password_is_common(struct str password)
{
	char lower[256];
	size_t n = password.n;
	if (n < 2 || n > sizeof lower)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = password.p[i];
		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	if (is_listed(lower, n) || is_run(lower, n) || is_date(lower, n))
		return true;
	/* One short thing said twice. */
	if (n % 2 == 0 && memcmp(lower, lower + n / 2, n / 2) == 0 && (n <= 12 || is_listed(lower, n / 2)))
		return true;
	size_t cut = n;
	while (cut > 0 && is_tail(lower[cut - 1]))
		cut--;
	return n - cut <= 6 && cut >= 4 && cut < n && is_listed(lower, cut);
}
