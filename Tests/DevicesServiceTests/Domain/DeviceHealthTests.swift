import Postgres
import Testing

@testable import DevicesService

@Suite struct DeviceHealthTests {
    private typealias Code = DeviceHealth.Reason.Code

    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func ago(_ seconds: Int) -> Timestamp { now.adding(.seconds(-seconds)) }

    /// A device with which nothing is wrong, that reports once a minute.
    private static let well = DeviceFacts(
        status: .online, lastSeen: ago(10), readingInterval: 60, batteryLevel: 80, wifiSignalStrength: -60,
        configVersion: 3, configuredAt: ago(86_400), appliedConfigVersion: 3)

    private static func health(_ change: (inout DeviceFacts) -> Void) -> DeviceHealth {
        var facts = well
        change(&facts)
        return DeviceHealth(facts, at: now)
    }

    /// The reasons as `code points`.
    private static func reasons(_ change: (inout DeviceFacts) -> Void) -> [String] {
        health(change).reasons.map { "\($0.code.rawValue) \($0.points)" }
    }

    @Test func `with a device that does as it should nothing is wrong`() {
        let health = Self.health { _ in }
        #expect(health.reasons == [])
        #expect(health.score == 100)
        #expect(Self.reasons { ($0.batteryLevel, $0.wifiSignalStrength) = (nil, nil) } == [])
    }

    @Test(
        arguments: [
            // Fifteen seconds are granted, as signs of life are written late.
            (.online, 134, 60, [], 1), (.online, 135, 60, ["missed_reports 10"], 2),
            (.online, 179, 60, ["missed_reports 10"], 2), (.online, 180, 60, ["offline 50"], 2),
            (.offline, 10, 60, ["offline 50"], 0), (.offline, 86_399, 60, ["offline 50"], 1439),
            (.offline, 86_400, 60, ["offline 80"], 1439),
            // Three intervals, but a minute at least.
            (.online, 24, 5, [], 1), (.online, 59, 5, ["missed_reports 10"], 8), (.online, 60, 5, ["offline 50"], 9),
            (.online, 15, 1, [], 0), (.online, 172_814, 86_400, [], 1),
            (.online, 172_815, 86_400, ["missed_reports 10"], 2),
            // A clock that was put back.
            (.online, -30, 60, [], 0),
            (.error, 10, 60, ["reported_error 40"], 0), (.error, 180, 60, ["offline 50", "reported_error 40"], 2),
            (.maintenance, 86_400, 60, [], 0), (.disabled, 86_400, 60, [], 0),
        ] as [(DeviceStatus, Int, Int, [String], Int)])
    func `silence weighs more the longer it is`(
        status: DeviceStatus, silence: Int, interval: Int, expected: [String], missed: Int
    ) {
        let change: (inout DeviceFacts) -> Void = {
            ($0.status, $0.lastSeen, $0.readingInterval) = (status, Self.ago(silence), interval)
        }
        #expect(Self.reasons(change) == expected)
        #expect(Self.health(change).missedReports == missed)
    }

    @Test func `of a device that was never heard from nothing good is known`() {
        let health = Self.health { ($0.status, $0.lastSeen) = (.provisioned, nil) }
        #expect(health.reasons.map(\.code) == [.neverSeen])
        #expect(health.score == 0)
        #expect(health.missedReports == 0)
        #expect(Self.reasons { ($0.status, $0.lastSeen) = (.disabled, nil) } == [])
    }

    @Test(
        arguments: [
            (100.0, []), (20, []), (19.9, ["battery_low 10"]), (10, ["battery_low 10"]), (9.9, ["battery_low 25"]),
            (0, ["battery_low 25"]),
        ] as [(Double, [String])])
    func `a battery is low below 20 percent, and very low below 10`(level: Double, expected: [String]) {
        #expect(Self.reasons { $0.batteryLevel = level } == expected)
    }

    /// From 80 percent on, so many percent an hour.
    @Test(
        arguments: [
            (1.0, []), (1.12, ["battery_emptying 10"]), (3.3, ["battery_emptying 10"]), (3.4, ["battery_emptying 20"]),
            (-2, []), (0, []),
        ] as [(Double, [String])])
    func `a battery that will be empty within three days is told of`(rate: Double, expected: [String]) {
        let samples = (0...5).map {
            BatterySample(time: Self.ago(3600 * (5 - $0)), level: 80 + rate * Double(5 - $0))
        }
        #expect(Self.reasons { ($0.batteryLevel, $0.batterySamples) = (80, samples) } == expected)
        #expect(Self.reasons { ($0.batteryLevel, $0.batterySamples) = (nil, samples) } == [])
    }

    @Test(
        arguments: [
            (-80, []), (-81, ["signal_weak 10"]), (-90, ["signal_weak 10"]), (-91, ["signal_weak 20"]),
        ] as [(Int, [String])])
    func `a signal is weak below -80 dBm, and very weak below -90`(strength: Int, expected: [String]) {
        #expect(Self.reasons { $0.wifiSignalStrength = strength } == expected)
    }

    @Test(
        arguments: [
            (0, 0, []), (1, 0, ["error_logs 5"]), (9, 0, ["error_logs 5"]), (10, 0, ["error_logs 15"]),
            (0, 1, ["error_logs 25"]), (99, 1, ["error_logs 25"]),
        ] as [(Int, Int, [String])])
    func `errors weigh by their number, and critical ones most`(errors: Int, criticals: Int, expected: [String]) {
        #expect(Self.reasons { ($0.errorLogs, $0.criticalLogs) = (errors, criticals) } == expected)
    }

    @Test(
        arguments: [
            (3, 3, 86_400, []), (3, 2, 3600, ["config_unapplied 10"]), (3, nil, 3600, ["config_unapplied 10"]),
            (3, 2, 3599, []), (1, nil, 86_400, ["config_unapplied 10"]), (1, nil, 3599, []), (1, 1, 86_400, []),
        ] as [(Int, Int?, Int, [String])])
    func `a configuration is to be applied within an hour`(
        version: Int, applied: Int?, age: Int, expected: [String]
    ) {
        #expect(
            Self.reasons {
                ($0.configVersion, $0.appliedConfigVersion, $0.configuredAt) = (version, applied, Self.ago(age))
            } == expected)
    }

    @Test func `a device need not look for the empty configuration that it was registered with`() {
        let change: (inout DeviceFacts) -> Void = {
            ($0.configVersion, $0.hasSettings, $0.appliedConfigVersion) = (1, false, nil)
        }
        #expect(Self.reasons(change) == [])
        // Somebody has taken settings away.
        #expect(
            Self.reasons {
                change(&$0)
                $0.configVersion = 2
            } == ["config_unapplied 10"])
    }

    @Test(
        arguments: [(0, []), (1, ["commands_failed 5"]), (2, ["commands_failed 5"]), (3, ["commands_failed 15"])]
            as [(Int, [String])])
    func `commands that fail weigh by their number`(count: Int, expected: [String]) {
        #expect(Self.reasons { $0.failedCommands = count } == expected)
    }

    @Test func `reasons add up, the worst first, those of one weight in their order, and the score ends at 0`() {
        let some = Self.health {
            ($0.batteryLevel, $0.wifiSignalStrength, $0.failedCommands, $0.criticalLogs) = (15, -85, 1, 1)
        }
        #expect(some.reasons.map(\.code) == [.errorLogs, .batteryLow, .signalWeak, .commandsFailed])
        #expect(some.score == 50)
        let all = Self.health {
            ($0.status, $0.lastSeen, $0.batteryLevel, $0.criticalLogs) = (.error, Self.ago(90_000), 5, 2)
        }
        #expect(all.reasons.map(\.points) == [80, 40, 25, 25])
        #expect(all.score == 0)
    }

    @Test func `a period of availability ends at the time of the judgement`() {
        let health = Self.health {
            $0.history = [
                StatusSince(status: .offline, since: Self.ago(48 * 3600)),
                StatusSince(status: .online, since: Self.ago(12 * 3600)),
            ]
        }
        #expect(health.availability(hours: 24) == 50)
        #expect(health.availability(hours: 48) == 25)
        #expect(health.availability(hours: 30 * 24) == 25)
    }
}
