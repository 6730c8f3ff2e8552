import FoundationEssentials
import Kernel
import Testing

@testable import AlertsService

@Suite struct RuleIndexTests {
    private let device = UUID.v7()
    private let project = UUID.v7()

    @Test func findsTheRulesOfEveryScopeOnce() {
        let everywhere = Rule(.above(1))
        let forDevice = Rule(.above(2, scope: .devices([device, .v7()])))
        let forTags = Rule(.above(3, scope: .tags(["cold", "wet"])))
        let forProject = Rule(.above(4, scope: .project(project)))
        let index = RuleIndex([everywhere, forDevice, forTags, forProject])

        let attributes = DeviceAttributes(name: "Fridge", projectID: project, tags: ["wet", "cold"])
        let found = index.rules(for: "temperature", of: device, attributes)
        #expect(found.map(\.id) == [everywhere, forDevice, forProject, forTags].map(\.id))
    }

    @Test func leavesOutOtherDevicesSensorsAndDisabledRules() {
        let index = RuleIndex([
            Rule(.above(1, scope: .devices([.v7()]))), Rule(.above(2, sensor: "humidity")),
            Rule(.above(3, isEnabled: false)), Rule(.above(4, scope: .tags(["cold"]))),
        ])
        let attributes = DeviceAttributes(name: "Fridge", projectID: nil, tags: ["warm"])
        #expect(index.rules(for: "temperature", of: device, attributes).isEmpty)
        #expect(index.rules(for: "temperature", of: device, nil).isEmpty)
    }

    @Test func `a rule that a device has its own bounds for is found as it is for that device`() {
        let own = ThresholdOverride(value: 40, high: nil, clearValue: nil)
        let index = RuleIndex([
            Rule(.of(.threshold(sensor: "temperature", .init(.gt, 30), holdSeconds: 0), overrides: [device: own]))
        ])
        func bounds(_ device: UUID) -> [Double?] {
            index.rules(for: "temperature", of: device, nil).map(\.definition.kind.condition?.value)
        }
        #expect(bounds(device) == [40])
        #expect(bounds(.v7()) == [30])
    }

    @Test func `what was found is found again, and anew when the device is another one`() {
        let wet = Rule(.above(1, scope: .tags(["wet"])))
        let everywhere = Rule(.above(2))
        let index = RuleIndex([wet, everywhere])
        func found(_ tags: [String]) -> [UUID] {
            let attributes = DeviceAttributes(name: "Fridge", projectID: nil, tags: tags)
            return index.rules(for: "temperature", of: device, attributes).map(\.id)
        }
        for _ in 0..<2 {
            #expect(found([]) == [everywhere.id])
            #expect(found(["wet"]) == [everywhere.id, wet.id])
            #expect(found(["wet"]) == [everywhere.id, wet.id])
        }
    }

    @Test func `a composite rule is found by each of its sensors, and with those of the device`() {
        let composite = Rule(.of(.composite(.hotAndWet(.all), holdSeconds: 0)))
        let offline = Rule(.of(.deviceOffline(holdSeconds: 0)))
        let index = RuleIndex([composite, offline, Rule(.above(1, sensor: "pressure"))])
        #expect(index.rules(for: "temperature", of: device, nil) == [composite])
        #expect(index.rules(for: "humidity", of: device, nil) == [composite])
        #expect(index.rules(for: "", of: device, nil) == [composite, offline])
    }
}
