/** Spring Boot and Quarkus applications, run by the Maven or Gradle they bring along. Their migrations run as they start. */
import type { FrameworkReader } from "./framework.ts";

export const readJvm: FrameworkReader = async (folder) => {
  const maven = await folder.text("pom.xml");
  const gradle = await folder.texts("build.gradle", "build.gradle.kts");
  const build = maven === "" ? gradle : maven;
  const spring = /\bspring-boot\b|org\.springframework\.boot/.test(build);
  const quarkus = /\bquarkus\b/.test(build);
  if (!spring && !quarkus) return [];
  const usesMaven = maven !== "";
  const wrapper = usesMaven ? "mvnw" : "gradlew";
  const program = (await folder.has(wrapper)) ? `./${wrapper}` : usesMaven ? "mvn" : "gradle";
  const goal = quarkus ? (usesMaven ? "quarkus:dev" : "quarkusDev") : usesMaven ? "spring-boot:run" : "bootRun";
  const resources = "src/main/resources";
  const configuration = await folder.texts(
    `${resources}/application.properties`,
    `${resources}/application.yml`,
    `${resources}/application.yaml`,
  );
  const key = quarkus ? "quarkus\\.http\\.port" : "server\\.port";
  const stated =
    new RegExp(`^\\s*${key}\\s*=\\s*(?:\\$\\{\\w+:)?(\\d{2,5})`, "m").exec(configuration)?.[1] ??
    /^server:[ \t]*\n(?:[ \t]+.*\n){0,20}?[ \t]+port:[ \t]*["']?(?:\$\{\w+:)?(\d{2,5})/m.exec(configuration)?.[1];
  const service = folder.service({
    name: "app",
    command: [program, goal],
    file: usesMaven ? "pom.xml" : (await folder.has("build.gradle")) ? "build.gradle" : "build.gradle.kts",
    role: "service",
    // Both read any setting from a variable of the same name.
    ports: [{ name: "http", port: Number(stated ?? 8_080), env: quarkus ? "QUARKUS_HTTP_PORT" : "SERVER_PORT" }],
  });
  return [{ service, sameAs: /\b(?:spring-boot:run|bootRun|quarkus:dev|quarkusDev)\b/ }];
};
