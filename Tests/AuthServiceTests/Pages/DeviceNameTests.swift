import Testing

@testable import AuthService

@Suite struct DeviceNameTests {
    private static let webKit = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
    private static let blink = "AppleWebKit/537.36 (KHTML, like Gecko)"
    private static let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
    private static let linux = "Mozilla/5.0 (X11; Linux x86_64)"
    private static let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
    private static let android = "Mozilla/5.0 (Linux; Android 10; K)"
    private static let iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)"
    private static let iPad = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X)"

    private static let names: [(userAgent: String?, name: String)] = [
        ("\(windows) \(blink) Chrome/126.0.0.0 Safari/537.36", "Chrome on Windows"),
        ("\(windows) \(blink) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge on Windows"),
        ("\(android) \(blink) Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.0.0", "Edge on Android"),
        ("\(iPhone) \(webKit) Version/17.0 EdgiOS/126.0 Mobile/15E148 Safari/604.1", "Edge on iPhone"),
        ("\(linux) \(blink) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0", "Opera on Linux"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on Linux"),
        ("\(mac) \(webKit) Version/17.4 Safari/605.1.15", "Safari on macOS"),
        ("\(mac) \(blink) Chrome/126.0.0.0 Safari/537.36", "Chrome on macOS"),
        ("\(android) \(blink) Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "Firefox on Android"),
        ("\(iPhone) \(webKit) Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("\(iPhone) \(webKit) CriOS/126.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("\(iPad) \(webKit) FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPad"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) \(blink) Chrome/126.0.0.0 Safari/537.36", "Chrome on ChromeOS"),
        ("Mozilla/5.0 (PlayStation 4) \(webKit) Version/14.0 Safari/605.1.15", "Safari"),
        ("curl/8.5.0", "curl/8.5.0"), ("python-requests/2.32.3 (Linux)", "python-requests/2.32.3"),
        (String(repeating: "x", count: 61), String(repeating: "x", count: 60)),
        ("", "An unknown device"), (nil, "An unknown device"),
    ]

    @Test(arguments: names)
    func `a device is called by its browser and system, a program by its own name`(userAgent: String?, name: String) {
        #expect(ClientDescription(userAgent: userAgent, address: "10.0.0.1").deviceName == name)
    }
}
