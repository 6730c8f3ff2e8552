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

    @Test func knowsWithoutAttributesWhereNoRuleCanApply() {
        let index = RuleIndex([Rule(.above(1, scope: .devices([device])))])
        #expect(index.mayApply(to: "temperature", of: device))
        #expect(!index.mayApply(to: "temperature", of: .v7()))
        #expect(!index.mayApply(to: "humidity", of: device))
        #expect(RuleIndex([Rule(.above(1, scope: .tags(["cold"])))]).mayApply(to: "temperature", of: device))
    }
}
