// swift-tools-version: 6.2
import PackageDescription

// MARK: What every target of ours shares

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let atomics = product(name: "Atomics", package: "swift-atomics")
    static let configuration = product(name: "Configuration", package: "swift-configuration")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let deque = product(name: "DequeModule", package: "swift-collections")
    static let heap = product(name: "HeapModule", package: "swift-collections")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let jwt = product(name: "JWTKit", package: "jwt-kit")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let logging = product(name: "Logging", package: "swift-log")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let mustache = product(name: "Mustache", package: "swift-mustache")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioFoundation = product(name: "NIOFoundationCompat", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHPACK = product(name: "NIOHPACK", package: "swift-nio-http2")
    static let nioHTTP2 = product(name: "NIOHTTP2", package: "swift-nio-http2")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP1 = product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioWebSocket = product(name: "NIOWebSocket", package: "swift-nio")
    static let tracing = product(name: "Tracing", package: "swift-distributed-tracing")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let yams = product(name: "Yams", package: "Yams")
}

/// A kit module: `kit/<name>`.
func kit(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "kit/\(name)", exclude: exclude, resources: resources,
        swiftSettings: strict)
}

/// The tests of a target: `Tests/<name>Tests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.init(stringLiteral: name)] + (name == "TestKit" ? [] : ["TestKit"]) + dependencies,
        path: "Tests/\(name)Tests", exclude: exclude, swiftSettings: strict)
}

/// A service: the executable target `<Name>Service` in `services/<name>`, with its migrations, contract and pages.
func service(_ folder: String, pages: Bool = false, scripts: Bool = false, _ dependencies: [Target.Dependency] = [])
    -> Target
{
    let name = folder.prefix(1).uppercased() + folder.dropFirst() + "Service"
    let kit: [Target.Dependency] = [
        "Reactor", "Postgres", "Redis", "Kernel", "ServiceKit", "EventBus", "Identity", "HTTPKit",
        .hummingbird, .lifecycle, .logging, .metrics,
    ]
    return .executableTarget(
        name: name, dependencies: kit + (pages ? [.mustache] : []) + dependencies, path: "services/\(folder)",
        exclude: ["README.md"],
        resources: [.copy("Migrations"), .copy("openapi.yaml")] + (pages ? [.copy("Pages/Templates")] : [])
            + (scripts ? [.copy("Pages/Static")] : []),
        swiftSettings: strict)
}

/// A system library found by pkg-config and installed by `make setup`.
func system(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, path: "kit/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

// MARK: The package

let package = Package(
    name: "lms-core",
    products: [
        .executable(name: "lms-auth", targets: ["AuthService"]),
        .executable(name: "lms-devices", targets: ["DevicesService"]),
        .executable(name: "lms-readings", targets: ["ReadingsService"]),
        .executable(name: "lms-alerts", targets: ["AlertsService"]),
        .executable(name: "lms-billing", targets: ["BillingService"]),
        .executable(name: "lms-realtime", targets: ["RealtimeService"]),
        .executable(name: "lms-gateway", targets: ["Gateway"]),
        .executable(name: "lms", targets: ["lms"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-atomics.git", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: ["JSON", "YAML"]),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.0"),
    ],
    targets: [
        // The C libraries: a module map and a shim header each.
        system("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
        system("CHiredis", apt: "libhiredis-dev"),
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("CCrypt", pkgConfig: "libcrypt", apt: "libcrypt-dev"),
        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        system("CQREncode", pkgConfig: "libqrencode", apt: "libqrencode-dev"),
        .systemLibrary(name: "CLinux", path: "kit/CLinux"),

        // The kit, lowest first; a module imports only what stands above it here.
        kit("Reactor", [.heap, .deque]),
        kit("Postgres", ["CPostgres", "Reactor", .deque]),
        kit("Redis", ["CHiredis", "Reactor", .deque, .crypto]),
        kit("Outbound", ["CCurl", "Reactor", .httpTypes]),
        kit("Kernel", ["Postgres", "Reactor", .crypto], resources: [.copy("Migrations")]),
        kit(
            "ServiceKit",
            [
                "Reactor", "Postgres", "Redis", "Outbound", "Kernel", .configuration, .lifecycle, .logging, .metrics,
                .tracing,
            ]),
        kit("EventBus", ["Reactor", "Postgres", "Redis", "Kernel", "ServiceKit", .lifecycle, .logging, .metrics]),
        kit("HTTPWire", ["CZlib", .nioCore]),
        kit("Identity", ["Outbound", "Redis", "ServiceKit", .jwt, .crypto, .logging, .lifecycle]),
        kit(
            "HTTPKit",
            [
                "Postgres", "Redis", "Outbound", "Kernel", "ServiceKit", "HTTPWire", "Identity",
                .hummingbird, .hummingbirdCore, .mustache, .crypto, .httpTypes, .lifecycle, .logging,
                .metrics, .nioCore, .nioFoundation, .nioHTTP1, .nioHTTPTypes, .nioHTTPTypesHTTP1,
            ],
            resources: [.copy("Templates"), .copy("Static")]),
        kit(
            "WebSockets",
            [
                "HTTPKit", .hummingbird, .hummingbirdCore, .httpTypes, .nioCore, .nioHTTP1, .nioHTTPTypes,
                .nioHTTPTypesHTTP1, .nioWebSocket, .crypto, .deque, .lifecycle, .logging,
            ]),
        kit("LocalStack", ["CLinux", "Reactor", "Postgres", "Redis", "Kernel", .logging]),
        kit(
            "TestKit",
            [
                "LocalStack", "Postgres", "Redis", "Kernel", "Outbound", "ServiceKit", "EventBus", "HTTPWire",
                "Identity",
                "HTTPKit", .crypto, .hummingbird, .lifecycle, .logging, .nioCore, .nioPosix, .nioHTTP1, .nioWebSocket,
            ],
            exclude: ["smtp_server.py"]),

        // The services.
        service("auth", pages: true, ["Outbound", "CCrypt", "CQREncode", .httpTypes, .jwt, .crypto]),
        service("devices", pages: true, scripts: true, ["Outbound", .crypto, .deque, .httpTypes, .nioCore]),
        service("readings", [.crypto, .deque, .httpTypes, .nioCore, .atomics]),
        service("alerts", pages: true, scripts: true, ["Outbound", .crypto, .httpTypes]),
        service("billing"),
        service("realtime", pages: true, scripts: true, ["WebSockets", .nioCore]),
        .executableTarget(
            name: "Gateway",
            dependencies: [
                "HTTPWire", "Identity", "Redis", "ServiceKit", .nioCore, .nioPosix, .nioSSL, .nioHTTP2, .nioHPACK,
                .crypto, .yams, .lifecycle, .unixSignals, .logging, .metrics,
            ],
            path: "gateway", exclude: ["README.md"], resources: [.copy("gateway.yaml"), .copy("Docs")],
            swiftSettings: strict),
        .executableTarget(
            name: "lms",
            dependencies: [
                "LocalStack", "Reactor", "Postgres", "Redis", "Kernel", "EventBus", "Outbound", "Identity",
                .argumentParser, .httpTypes, .logging, .unixSignals, .yams,
            ],
            path: "tools/lms", exclude: ["README.md"], resources: [.copy("Demo")], swiftSettings: strict),
        .executableTarget(
            name: "lms-bench", dependencies: ["Postgres", .argumentParser, .nioCore, .nioPosix],
            path: "tools/bench/lms-bench", swiftSettings: strict),

        // Tests mirror the folders.
        tests("Reactor"),
        tests("Postgres", ["Reactor"]),
        tests("Redis", ["LocalStack", "Reactor", .logging]),
        tests("Outbound", ["CCurl", "LocalStack", .nioCore, .nioPosix, .nioHTTP1]),
        tests("Kernel"),
        tests("ServiceKit"),
        tests("EventBus", [.logging, .metrics]),
        tests("HTTPWire", [.nioCore]),
        tests("Identity", [.jwt]),
        tests("HTTPKit", ["HTTPWire", .httpTypes, .hummingbird, .lifecycle, .nioCore, .nioPosix, .nioHTTP1]),
        tests("LocalStack"),
        tests("TestKit", [.nioCore, .nioPosix, .nioHTTP1, .nioWebSocket]),
        tests("WebSockets", [.hummingbird, .lifecycle, .logging, .nioCore, .nioPosix, .nioWebSocket]),
        tests("AuthService", ["LocalStack", .jwt], exclude: ["read_qr_code.py"]),
        tests("DevicesService", [.crypto]),
        tests("ReadingsService", ["HTTPWire"]),
        tests("AlertsService"),
        tests("BillingService"),
        tests("RealtimeService"),
        tests("lms"),
        tests(
            "Gateway",
            [
                "HTTPWire", "Identity", "Redis", "ServiceKit", .lifecycle, .logging, .metrics, .nioCore, .nioPosix,
                .nioEmbedded, .nioSSL, .nioHTTP2, .nioHPACK,
            ]),
        .testTarget(
            name: "SystemTests",
            dependencies: [
                "TestKit", "LocalStack", "Postgres", "Redis", "EventBus", .logging, "AuthService", "DevicesService",
                "ReadingsService", "AlertsService", "BillingService", "RealtimeService", "Gateway", "lms",
            ],
            path: "Tests/SystemTests",
            swiftSettings: strict),
    ]
)
