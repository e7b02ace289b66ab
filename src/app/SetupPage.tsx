export default function SetupPage() {
  return <p>setup</p>;
}
