import Kernel
import Postgres
import Testing

@testable import LocalStack

struct InstallationTests {
    private func installation(prefix: String = "", inherited: [String: String] = [:]) throws -> Installation {
        Installation(
            administrator: try PostgresConfiguration(url: "postgresql://boss:topsecret@127.0.0.1:5999/lms"),
            redisURL: "redis://127.0.0.1:6999/0", secretKey: String(repeating: "A", count: 43) + "=",
            roles: try RoleNames(prefix: prefix), ports: [.auth: 9001], inherited: inherited)
    }

    @Test func `a service gets its own role and the derived password`() throws {
        let environment = try installation().environment(.auth)
        let database = try PostgresConfiguration(url: try #require(environment["LMS_DATABASE_URL"]))
        #expect(database.user == "lms_auth")
        let password = Bootstrap.password(of: "lms_auth", secretKey: [UInt8](repeating: 0, count: 32))
        #expect(database.url.contains(password))
        #expect(environment["LMS_HTTP_PORT"] == "9001")
        #expect(environment["LMS_DATABASE_OWNER_URL"] == nil)
    }

    @Test func `the administrator's password reaches nobody`() throws {
        let inherited = [
            "LMS_DATABASE_URL": "postgresql://boss:topsecret@h/lms", "LMS_ADMIN_DATABASE_URL": "postgresql://topsecret",
        ]
        let installation = try installation(inherited: inherited)
        for component in Component.allCases {
            #expect(try !installation.environment(component).values.contains { $0.contains("topsecret") })
        }
        for service in Service.allCases {
            #expect(try !installation.migrationEnvironment(service).values.contains { $0.contains("topsecret") })
        }
    }

    @Test func `migrations run as the owner, with the prefix of the roles`() throws {
        let environment = try installation(prefix: "staging_").migrationEnvironment(.billing)
        let database = try PostgresConfiguration(url: try #require(environment["LMS_DATABASE_OWNER_URL"]))
        #expect(database.user == "staging_lms_billing_owner")
        #expect(environment["LMS_DATABASE_ROLE_PREFIX"] == "staging_")
    }

    @Test func `every process knows where the services are, and the gateway has no database`() throws {
        let environment = try installation().environment(.gateway)
        #expect(environment["LMS_AUTH_URL"] == "http://127.0.0.1:9001")
        #expect(environment["LMS_REALTIME_URL"] == "http://127.0.0.1:8106")
        #expect(environment["LMS_DATABASE_URL"] == nil)
    }

    @Test func `settings that somebody made are passed on`() throws {
        let environment = try installation(inherited: ["LMS_LOG_LEVEL": "debug", "PATH": "/bin"]).environment(.alerts)
        #expect(environment["LMS_LOG_LEVEL"] == "debug")
        #expect(environment["PATH"] == "/bin")
    }

    @Test(arguments: ["", "c2hvcnQ=", "not base64"])
    func `a secret key that is none is an error`(key: String) throws {
        var installation = try installation()
        installation.secretKey = key
        #expect(throws: LocalStackError.malformedSecretKey) { try installation.environment(.auth) }
    }
}
