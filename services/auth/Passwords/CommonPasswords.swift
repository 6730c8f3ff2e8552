/// The passwords that guessing begins with, as far as they are long enough to be taken at all.
enum CommonPasswords {
    /// Whether `password` is among them, in whatever case.
    static func contains(_ password: String) -> Bool {
        all.contains(password.lowercased())
    }

    private static let all = Set(
        """
        !qaz2wsx !qazxsw2 00000000 000000000 0000000000 01234567 012345678 0123456789 11111111 111111111
        1111111111 11112222 11223344 1122334455 112233445566 12121212 121212121 123123123 123321123 12341234
        12344321 123454321 1234554321 123456123 123456654321 12345678 123456780 123456781 123456788 123456789
        1234567890 1234567891 12345678910 1234567899 123456789a 123456789q 12345679 12345687 123456987 123456abc
        12345abc 12345qwert 12345qwerty 1234abcd 1234asdf 1234qwer 123abc123 123qwe123 123qwe123qwe 123qweasd
        123qweasdzxc 13131313 14141414 147258369 147852369 159357456 159753456 159951159 1q2w3e4r 1q2w3e4r5t
        1q2w3e4r5t6y 1qaz!qaz 1qaz2wsx 1qaz2wsx3edc 1qaz@wsx 1qazxsw2 20202020 21212121 22222222 222222222
        23232323 25252525 33333333 369258147 44444444 55555555 555555555 66666666 666666666 741852963 77777777
        777777777 789456123 87654321 876543210 88888888 888888888 963852741 98765432 987654321 9876543210
        99999999 999999999 a1234567 a12345678 a123456789 a1a1a1a1 a1b2c3d4 a1s2d3f4 aa123456 aa12345678 aaa11111
        aaaaaaaa abc12345 abc123456 abc123abc abcd1234 abcd12345 abcd123456 abcdef123 abcdefg1 abcdefgh
        abcdefghi access14 admin123 admin123! admin1234 admin12345 admin123456 admin@123 adminadmin
        administrator administrator1 agent007 alexander alexander1 alexandra alexandre america1 american1
        andrew123 angel123 angels123 anthony1 apple123 arsenal1 arsenal123 asd123asd asdasdasd asdf1234
        asdf123456 asdfasdf asdfghjk asdfghjkl asdqwe123 ashley123 australia autumn123 autumn2024
        autumn2025 b1234567 babyboy1 babygirl babygirl1 bailey123 bananas1 barcelona barcelona1 baseball
        baseball1 basketball basketball1 batman123 beautiful beautiful1 benjamin benjamin1 birthday
        birthday1 black123 blessed1 blessing blink182 bond0007 brittany brooklyn brooklyn1
        buster123 butterfly butterfly1 california callofduty canada123 champion champion1 changeit changeme
        changeme! changeme1 changeme123 charlie1 charlie123 cheese123 chelsea1 chelsea123 cherry123 chevrolet
        chicago1 chicken1 chocolate chocolate1 christian christian1 christina christine christopher computer
        computer1 computer123 cookie123 corvette counterstrike cowboys1 daniel123 danielle december default1
        default123 demo1234 demo123456 demodemo diamond1 diamonds dolphin1 dolphins dragon123 dragonball
        eagles123 elephant elephant1 elizabeth elizabeth1 everton1 facebook facebook1 facebook123 faithful
        february fernando ferrari1 flower123 flowers1 football football1 football123 forever1 forever123
        fortnite francisco freedom1 freedom123 friday123 friends1 friendship
        gamer123 germany1 ginger123 godisgood golden123 goodluck google12 google123 gorgeous guest123
        guest1234 harley123 harleydavidson heaven123 hello123 hello1234 hello12345 hellohello hellokitty
        hockey123 hurricane ilovegod ilovehim ilovejesus iloveu123 iloveyou iloveyou! iloveyou1
        iloveyou12 iloveyou123 iloveyou2 internet internet1 internet123 jamesbond january1 jasmine1 jasmine123
        jennifer jennifer1 jessica1 jessica123 jesus123 jesuschrist jonathan jonathan1 jordan123 jordan23
        juventus lakers24 letmein! letmein1 letmein123 letmeinnow lightning linkedin liverpool liverpool1
        login123 london123 lovelove lovely123 loverboy lovers123 loveyou1 loveyou123 m1234567 maggie123
        manchester manunited master123 matrix123 matthew1 mercedes mercedes1 metallica metallica1 michael1
        michael123 michelle michelle1 microsoft midnight midnight1 minecraft minecraft1 minecraft123 monday123
        monkey12 monkey123 moonlight mountain mustang1 mustang123 myloveis mypassword myspace1 naruto123
        ncc1701d ncc1701e newpassword newyork1 nicholas nicholas1 nintendo nirvana1 november october1 orange123
        p@$$w0rd p@ssw0rd p@ssw0rd1 p@ssword p@ssword1 pa$$word pa55word packers1 paris123 passport passw0rd
        passw0rd! passw0rd1 password password! password00 password01 password1 password1! password11 password12
        password123 password1234 password13 password2 password22 password3 password69 password99 passwort
        passwort1 patricia patricia1 penguin1 pepper123 phoenix1 phoenix123 pineapple playstation pokemon1
        pokemon123 porsche911 precious precious1 princess princess1 princess12 princess123 purple123
        q1234567 q1q1q1q1 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx123 qazwsxedc qq123456 qq123456789 qwe123qwe
        qweasd123 qweasdzxc qweqweqwe qwer1234 qwerqwer qwerty01 qwerty11 qwerty12 qwerty123 qwerty1234
        qwerty12345 qwerty123456 qwertyqwerty qwertyui qwertyuiop qwertyuiop1 raiders1 rainbow1 rainbow123
        rangers1 realmadrid redsox04 roblox123 root1234 rootroot rush2112 s1234567 samantha samantha1 samsung1
        samsung123 scooby123 scorpion scorpion1 sebastian sebastian1 secret12 secret123 secret1234 september
        septiembre shadow123 silver123 slipknot snoopy123 soccer123 softball spiderman spiderman1 spring123
        spring2024 spring2025 starlight startrek starwars starwars1 steelers steelers1 stephanie strawberry
        summer12 summer123 summer2020 summer2021 summer2022 summer2023 summer2024 summer2025 sunflower
        sunflower1 sunshine sunshine1 sunshine123 superman superman1 superman123 supersecret sweetheart sweetpea
        temp1234 temporary temppass test1234 test12345 test123456 tester123 testing1 testing123 testtest
        testtest1 thepassword thomas123 thunder1 tinkerbell toor1234 topsecret trustno1 trustnoone user1234
        username valentina vanessa1 veronica victoria victoria1 volleyball w1234567 warcraft welcome! welcome01
        welcome1 welcome1! welcome12 welcome123 welcome2 whatever whatever1 whatever123 windows1 windows10
        windows7 winter123 winter2020 winter2021 winter2022 winter2023 winter2024 winter2025 x1234567 yamaha123
        yankees1 yellow123 yourpassword z1234567 zaq12wsx zaq1xsw2 zaq1zaq1 zxcvbnm, zxcvbnm1 zxcvbnm123
        zxcvbnmz zxcvzxcv zxczxczxc zz123456
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
