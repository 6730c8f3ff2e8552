@main
struct AuthService {
    static func main() async {}
}
