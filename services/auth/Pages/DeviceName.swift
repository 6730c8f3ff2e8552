extension ClientDescription {
    /// What somebody calls the device that a session is used on, as far as its program tells.
    var deviceName: String {
        guard let userAgent, !userAgent.isEmpty else { return "An unknown device" }
        let browser = Self.browsers.first { userAgent.contains($0.key) }?.value
        let system = Self.systems.first { userAgent.contains($0.key) }?.value
        return switch (browser, system) {
        case (let browser?, let system?): "\(browser) on \(system)"
        case (let browser?, nil): browser
        // A program's own name, such as curl/8.5.0.
        case (nil, _): String(userAgent.prefix { $0 != " " }.prefix(60))
        }
    }

    /// The first that is found counts: most name those behind it, too.
    private static let browsers: KeyValuePairs = [
        "Edg/": "Edge", "EdgA/": "Edge", "EdgiOS/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "FxiOS/": "Firefox",
        "Chrome/": "Chrome",
        "CriOS/": "Chrome", "Safari/": "Safari",
    ]
    private static let systems: KeyValuePairs = [
        "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS X": "macOS",
        "CrOS": "ChromeOS", "Linux": "Linux",
    ]
}
