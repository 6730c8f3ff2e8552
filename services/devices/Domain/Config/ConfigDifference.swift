import Kernel

/// One setting in which a device works with something else than it is to.
struct ConfigDifference: Sendable, Hashable {
    /// The setting's name, with those of the objects it is in before it: `wifi.channel`.
    let path: String
    /// Nil where the setting is not among those it is to have.
    let desired: AnyJSON?
    /// Nil where the device does not name it.
    let reported: AnyJSON?

    /// What differs, by path; objects are compared member by member, anything else as a whole.
    static func between(desired: [String: AnyJSON], reported: [String: AnyJSON]) -> [ConfigDifference] {
        differences(desired, reported, path: [])
    }

    private static func differences(
        _ desired: [String: AnyJSON], _ reported: [String: AnyJSON], path: [String]
    ) -> [ConfigDifference] {
        Set(desired.keys).union(reported.keys).sorted().flatMap { name -> [ConfigDifference] in
            let path = path + [name]
            if case .object(let first)? = desired[name], case .object(let second)? = reported[name] {
                return differences(first, second, path: path)
            }
            guard desired[name] != reported[name] else { return [] }
            return [
                ConfigDifference(
                    path: path.joined(separator: "."), desired: desired[name], reported: reported[name])
            ]
        }
    }
}

extension ConfigDifference: Encodable {}
