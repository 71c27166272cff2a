import xml from "@prettier/plugin-xml";

export default {
    plugins: [xml],
    printWidth: 100,
    tabWidth: 4,
    xmlWhitespaceSensitivity: "preserve",
    overrides: [
        {
            files: "*.xml",
            options: { bracketSameLine: true },
        },
    ],
};
