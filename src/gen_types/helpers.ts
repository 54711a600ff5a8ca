type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">]

type SchemaOption = { schema: keyof DatabaseWithoutInternals }

// What `In<"name">` and `In<{ schema: "s" }, "name">` may name in one part of a schema.
type Part<
  Options,
  Kind extends keyof DefaultSchema,
> = Options extends SchemaOption
  ? DatabaseWithoutInternals[Options["schema"]][Kind]
  : DefaultSchema[Kind]

type Relations<Options> = Part<Options, "Tables"> & Part<Options, "Views">

type NameIn<Options, Members> = Options extends SchemaOption
  ? keyof Members
  : never

type Chosen<Options, Name, Members> = Options extends SchemaOption
  ? Name extends keyof Members
    ? Members[Name]
    : never
  : Options extends keyof Members
    ? Members[Options]
    : never

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    keyof (DefaultSchema["Tables"] & DefaultSchema["Views"]) | SchemaOption,
  TableName extends NameIn<
    DefaultSchemaTableNameOrOptions,
    Relations<DefaultSchemaTableNameOrOptions>
  > = never,
> =
  Chosen<
    DefaultSchemaTableNameOrOptions,
    TableName,
    Relations<DefaultSchemaTableNameOrOptions>
  > extends { Row: infer R }
    ? R
    : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema["Tables"] | SchemaOption,
  TableName extends NameIn<
    DefaultSchemaTableNameOrOptions,
    Part<DefaultSchemaTableNameOrOptions, "Tables">
  > = never,
> =
  Chosen<
    DefaultSchemaTableNameOrOptions,
    TableName,
    Part<DefaultSchemaTableNameOrOptions, "Tables">
  > extends { Insert: infer I }
    ? I
    : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema["Tables"] | SchemaOption,
  TableName extends NameIn<
    DefaultSchemaTableNameOrOptions,
    Part<DefaultSchemaTableNameOrOptions, "Tables">
  > = never,
> =
  Chosen<
    DefaultSchemaTableNameOrOptions,
    TableName,
    Part<DefaultSchemaTableNameOrOptions, "Tables">
  > extends { Update: infer U }
    ? U
    : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    keyof DefaultSchema["Enums"] | SchemaOption,
  EnumName extends NameIn<
    DefaultSchemaEnumNameOrOptions,
    Part<DefaultSchemaEnumNameOrOptions, "Enums">
  > = never,
> = Chosen<
  DefaultSchemaEnumNameOrOptions,
  EnumName,
  Part<DefaultSchemaEnumNameOrOptions, "Enums">
>

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    keyof DefaultSchema["CompositeTypes"] | SchemaOption,
  CompositeTypeName extends NameIn<
    PublicCompositeTypeNameOrOptions,
    Part<PublicCompositeTypeNameOrOptions, "CompositeTypes">
  > = never,
> = Chosen<
  PublicCompositeTypeNameOrOptions,
  CompositeTypeName,
  Part<PublicCompositeTypeNameOrOptions, "CompositeTypes">
>

