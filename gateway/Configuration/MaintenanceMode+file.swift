import NIOCore

extension MaintenanceMode {
    /// Reads the section of the gateway's file.
    init(_ setting: FileValue) throws(GatewayFileError) {
        let members = try setting.members(of: ["enabled", "file", "message", "retry_after", "allow"])
        self.init()
        if let value = members["enabled"] { isEnabled = try value.bool() }
        if let path = try members["file"]?.string(), !path.isEmpty { file = path }
        if let message = try members["message"]?.string(), !message.isEmpty { notice.message = message }
        if let value = members["retry_after"] {
            notice.retryAfter = max(1, Int(try value.duration().nanoseconds / 1_000_000_000))
        }
        var routes: [Route] = []
        for (text, value) in try members["allow"]?.texts() ?? [] {
            if let range = AddressRange(text) {
                addresses.append(range)
            } else if text.hasPrefix("/") {
                do {
                    routes.append(try Self.route(text))
                    paths = try Router(routes)
                } catch { throw value.error("\(error)") }
            } else {
                throw value.error("'\(text)' is neither a path nor an address such as 192.0.2.1 or 10.0.0.0/8")
            }
        }
    }

    /// A route by which no more than the path is told.
    private static func route(_ path: String) throws -> Route {
        Route(
            pattern: try RoutePattern(path), destination: .own(.alive),
            timeouts: RouteTimeouts(connect: .seconds(1), response: .seconds(1), idle: .seconds(1)), bodyLimit: 0,
            limit: .none)
    }
}
